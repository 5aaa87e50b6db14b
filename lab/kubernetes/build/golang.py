"""Running `go build`: which Go, with which settings, and what it says as it goes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

OLDEST = (1, 21)
"""From this release on, `go` fetches the release that a go.mod names, as a module, by itself."""
TAIL = 15
C_COMPILER = "gcc"


class BuildError(LabError):
    """A program could not be built; nothing half is left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What one run builds."""

    folder: Path
    """The Go module."""
    flags: tuple[str, ...]
    needs_c: bool


def find(*, needs_c: bool) -> str:
    """The `go` of this machine; raises `BuildError` where there is none that will do."""
    oldest = ".".join(map(str, OLDEST))
    way_out = (
        f"put Go {oldest} or newer on PATH (https://go.dev/dl, or golang-go of "
        "bookworm-backports; the golang of Debian 12 itself is 1.19)"
    )
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            f"Kubernetes is built from its Go modules, and there is no `go` here: {way_out}"
        )
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    found = re.match(r"go(\d+)\.(\d+)", said.stdout)
    if found is None:
        raise BuildError(f"`{go} env GOVERSION` tells no version: {said.stderr or said.stdout}")
    if (int(found[1]), int(found[2])) < OLDEST:
        raise BuildError(
            f"{go} is {said.stdout.strip()}, which cannot fetch the release of Go "
            f"that Kubernetes needs: {way_out}"
        )
    if needs_c and shutil.which(C_COMPILER) is None:
        raise BuildError(
            f"flanneld holds a part in C, and there is no `{C_COMPILER}` here: "
            "apt-get install gcc libc6-dev"
        )
    return go


def build(go: str, job: Job, target: Path, on_progress: Callable[[str], None]) -> None:
    """Build every program of the module into this folder."""
    # `tool` stands for all programs that go.mod names: one run compiles what they share once.
    programs = "tool" if "\ntool " in (job.folder / "go.mod").read_text() else "."
    argv = [go, "build", "-v", *job.flags, "-o", f"{target.resolve()}/", programs]
    said: list[str] = []
    compiled = 0
    with subprocess.Popen(
        argv,
        cwd=job.folder,
        env=_environment(job),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr  # noqa: S101  # it is a pipe
        try:
            for line in map(str.rstrip, process.stderr):
                said.append(line)
                if line.startswith("go: downloading"):
                    on_progress(line.removeprefix("go: "))
                elif line:
                    compiled += 1
                    on_progress(f"{compiled} packages, {line}")
        finally:
            process.terminate()  # only an interruption finds it still at work
    if process.returncode:
        tail = "\n".join(f"  {line}" for line in said[-TAIL:])
        raise BuildError(f"`go build` of {job.folder.name} failed; it said:\n{tail}")


def _environment(job: Job) -> dict[str, str]:
    # The user's proxy and caches hold; what would change the programs does not.
    return os.environ | {
        "CGO_ENABLED": "1" if job.needs_c else "0",
        "GOTOOLCHAIN": "auto",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
    }
