"""The node's files: writing them, protecting them, and what the image states in its own."""

import re
from collections.abc import Iterator
from pathlib import Path

from machine import run

DEFAULTS = Path("etc/default/podnet-kubernetes")
# CIS Kubernetes Benchmark, 4.1: readable by root only, as are the files of the kubelet's unit.
PRIVATE = (
    "etc/kubernetes/kubelet.conf",
    "etc/kubernetes/pki/ca.crt",
    "var/lib/kubelet/config.yaml",
)
OWNER_ONLY = 0o600


def write(file: Path, content: str, mode: int = 0o644) -> bool:
    """Write a file atomically if it differs; true if it did."""
    if file.exists() and file.read_text() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.touch(mode)
    draft.write_text(content)
    draft.replace(file)
    return True


def protect(root: Path) -> None:
    """Make the kubelet's files readable by root only."""
    for file in (*(root / name for name in PRIVATE), *_unit(root)):
        if file.exists() and file.stat().st_mode & 0o777 != OWNER_ONLY:
            file.chmod(OWNER_ONLY)


def _unit(root: Path) -> Iterator[Path]:
    shown = run("systemctl", "show", "--property=FragmentPath,DropInPaths", "kubelet")
    for line in shown.splitlines():
        for path in line.partition("=")[2].split():
            yield root / path[1:]


def ignored_checks(root: Path) -> tuple[str, ...]:
    """The preflight checks of kubeadm that the image states it cannot pass."""
    file = root / DEFAULTS
    text = file.read_text() if file.exists() else ""
    found = re.search(r"^IGNORE_PREFLIGHT=(\S*)$", text, re.MULTILINE)
    return tuple(filter(None, found[1].strip("\"'").split(","))) if found else ()
