"""How much memory the virtual machine gets, of what this machine has free."""

from __future__ import annotations

from pathlib import Path

from podnet.errors import UserError

MOST = 8192
LEAST = 3072
"""In MiB. The stack `lab` with three nodes needs some 2,500."""
RESERVE = 1024
"""In MiB: what is left to this machine."""


def megabytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """The size in MiB; raises `UserError` where too little is free."""
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return of_available(int(line.split()[1]) >> 10)
    raise UserError(f"{meminfo} does not say what is available", rule="memory-unknown")


def held_by(folder: Path, free: int) -> int:
    """The size for a folder of memory with this much free, both in MiB."""
    if free < LEAST:
        raise UserError(
            f"{folder} has {free} MB free, and a kernel in user mode keeps its memory there, of "
            f"which the lab needs {LEAST} MB; make it larger (`mount -o remount,size=8g {folder}`)",
            rule="memory-folder-too-small",
        )
    return free


def of_available(available: int) -> int:
    """The size for this much available memory, both in MiB."""
    if available - RESERVE < LEAST:
        raise UserError(
            f"{available} MB of memory are free, and a virtual machine for the lab needs {LEAST} "
            f"MB beside {RESERVE} MB for this machine; end something else, or take the machine's "
            "own kernel (leave out --kernel)",
            rule="memory-too-small",
        )
    return min(MOST, available - RESERVE)
