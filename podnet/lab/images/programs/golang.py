"""Runs `go build`: finds Go, sets its environment, and reports its progress."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.host.bound import bound
from podnet.lab.host.build_once import remove

OLDEST = (1, 21)
"""From this release on, `go` fetches the release that a go.mod names, as a module, by itself."""
TAIL = 15
C_COMPILER = "gcc"
SCRATCH = "scratch"
"""The folder in which `go` works (`go help environment`, GOTMPDIR)."""
PACKAGE = re.compile(r"[\w./~+-]+")
"""What `go build -v` prints when it compiles a package: its import path, and nothing else."""


class BuildError(UserError):
    """A program could not be built; no part of it is left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run of `go build`."""

    folder: Path
    """The Go module."""
    flags: tuple[str, ...]
    needs_c: bool
    tests: str = ""
    """A package whose tests become one program more, named after it: `e2e.test`."""


def find(label: str, *, needs_c: bool) -> str:
    """The `go` of this machine; raises `BuildError` where there is none that builds `label`."""
    oldest = ".".join(map(str, OLDEST))
    way_out = (
        f"put Go {oldest} or newer on PATH (https://go.dev/dl, or golang-go of "
        "bookworm-backports; the golang of Debian 12 itself is 1.19)"
    )
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            f"{label} is built from its Go modules, and there is no `go` here: {way_out}",
            rule="go-missing",
        )
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    if found is None:
        raise BuildError(
            f"`{go} env GOVERSION` prints no version: {done.stderr or done.stdout}",
            rule="go-version-unknown",
        )
    if (int(found[1]), int(found[2])) < OLDEST:
        raise BuildError(
            f"{go} is {done.stdout.strip()}, which cannot fetch the release of Go "
            f"that {label} needs: {way_out}",
            rule="go-outdated",
        )
    if needs_c and shutil.which(C_COMPILER) is None:
        raise BuildError(
            f"flanneld holds a part in C, and there is no `{C_COMPILER}` here: "
            "apt-get install gcc libc6-dev",
            rule="c-compiler-missing",
        )
    return go


def build(go: str, job: Job, target: Path, on_progress: Callable[[str], None]) -> None:
    """Build every program of the module into this folder."""
    # `tool` stands for all programs that go.mod names: one run compiles what they share once.
    programs = "tool" if "\ntool " in (job.folder / "go.mod").read_text() else "."
    place = f"{target.resolve()}/"
    _run(bound(go, "build", "-v", *job.flags, "-o", place, programs), job, target, on_progress)
    if job.tests:
        program = f"{place}{job.tests.rpartition('/')[2]}.test"
        # To vet them, to look for mistakes of others, would read all that they use a second time.
        argv = bound(go, "test", "-c", "-vet=off", *job.flags, "-o", program, job.tests)
        _run(argv, job, target, on_progress)


def _run(argv: list[str], job: Job, target: Path, on_progress: Callable[[str], None]) -> None:
    output: list[str] = []
    compiled = 0
    # In the draft, so that it goes with what else a killed build leaves.
    scratch = target.resolve() / SCRATCH
    scratch.mkdir(exist_ok=True)
    with subprocess.Popen(
        argv,
        cwd=job.folder,
        env=_environment(job) | {"GOTMPDIR": str(scratch)},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr  # noqa: S101  # it is a pipe
        try:
            for line in map(str.rstrip, process.stderr):
                if line.startswith("go: downloading"):
                    on_progress(line.removeprefix("go: "))
                elif PACKAGE.fullmatch(line):
                    compiled += 1
                    on_progress(f"{compiled} packages, {line}")
                elif line:
                    output.append(line)
        finally:
            process.kill()  # only an interruption finds it still at work
    remove(scratch)
    if process.returncode:
        tail = "\n".join(f"  {line}" for line in output[-TAIL:])
        raise BuildError(
            f"`go build` of {job.folder.name} failed with:\n{tail}", rule="go-build-failed"
        )


def module_folder(go: str, job: Job, module: str) -> Path:
    """Where Go has unpacked a module that the job's module is built with."""
    done = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", module],
        cwd=job.folder,
        env=_environment(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise BuildError(
            f"Go has no folder of {module}, with which {job.folder.name} was built: "
            f"{done.stderr.strip() or 'it prints none'}",
            rule="go-module-folder-missing",
        )
    return Path(done.stdout.strip())


def _environment(job: Job) -> dict[str, str]:
    # The user's proxy and caches hold; what would change the programs does not.
    return os.environ | {
        "CGO_ENABLED": "1" if job.needs_c else "0",
        "GOTOOLCHAIN": "auto",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
    }
