"""Small things about the place where a node joins: its files, and what it reads of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from machine import run

DEFAULTS = Path("etc/default/podnet-kubernetes")
# CIS Kubernetes Benchmark, 4.1: readable by root alone, as are the files of the kubelet's unit.
PRIVATE = (
    "etc/kubernetes/kubelet.conf",
    "etc/kubernetes/pki/ca.crt",
    "var/lib/kubelet/config.yaml",
)
OWNER_ONLY = 0o600
TOLD = {
    "endpoint": r"[a-z0-9.-]+:\d+",
    "token": r"[a-z0-9]{6}\.[a-z0-9]{16}",
    "caCertHash": r"sha256:[0-9a-f]{64}",
}


def write(file: Path, content: str, mode: int = 0o644) -> bool:
    """Write a file where it differs, at once; whether it did."""
    if file.exists() and file.read_text() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.touch(mode)
    draft.write_text(content)
    draft.replace(file)
    return True


def protect(root: Path) -> None:
    """Take the kubelet's files from everybody but root."""
    for file in (*(root / name for name in PRIVATE), *_unit(root)):
        if file.exists() and file.stat().st_mode & 0o777 != OWNER_ONLY:
            file.chmod(OWNER_ONLY)


def _unit(root: Path) -> Iterator[Path]:
    shown = run("systemctl", "show", "--property=FragmentPath,DropInPaths", "kubelet")
    for line in shown.splitlines():
        for path in line.partition("=")[2].split():
            yield root / path[1:]


def ignored(root: Path) -> tuple[str, ...]:
    """The checks of kubeadm that the image says it cannot pass."""
    file = root / DEFAULTS
    said = file.read_text() if file.exists() else ""
    found = re.search(r"^IGNORE_PREFLIGHT=(\S*)$", said, re.MULTILINE)
    return tuple(filter(None, found[1].strip("\"'").split(","))) if found else ()


def joining(name: str, value: str) -> dict[str, str]:
    """With what to join, from the parameter; raises where it is not there or not whole."""
    if value == "none":
        raise LookupError(f"waiting for the control plane to write {name}")
    try:
        told: dict[str, str] = json.loads(value)
        if all(re.fullmatch(form, told[key]) for key, form in TOLD.items()):
            return told
    except (ValueError, KeyError, TypeError):
        pass
    # Nothing of the value is said: there is a secret in it.
    raise ValueError(f"{name} does not hold a token, a CA hash and an endpoint")


def reason(said: str) -> str:
    """Of all that a program said the line that tells what went wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"error|E:|\[ERROR", line, re.IGNORECASE)]
    return (errors or lines or ["it said nothing"])[-1]
