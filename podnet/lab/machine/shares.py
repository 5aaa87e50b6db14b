"""Which file systems of this machine the other one sees, all of them read-only."""

from __future__ import annotations

import re
from pathlib import Path

from podnet.system.commands import run

OCTAL = re.compile(r"\\([0-7]{3})")
WITHOUT_DISK = {
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs",
    "rpc_pipefs", "securityfs", "sysfs", "tmpfs", "tracefs",
}  # fmt: skip
"""Kinds of file systems that describe this machine, or that the other one has itself."""


def mounted(mountinfo: str) -> list[Path]:
    """The mount points to share, `/` first, out of the text of /proc/self/mountinfo (proc(5))."""
    found: list[Path] = []
    hidden: list[Path] = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        place = Path(OCTAL.sub(lambda code: chr(int(code[1], 8)), before.split()[4]))
        without = after.split()[0] in WITHOUT_DISK
        if without or any(place.is_relative_to(each) for each in hidden):
            # What lies below such a mount has no place to be mounted on.
            hidden.append(place)
        elif place not in found:
            found.append(place)
    return sorted(found)


def bind(places: list[Path], root: Path) -> None:
    """Show these mounts below `root`, read-only; the caller has mounts of its own."""
    for place in places:
        target = str(root / place.relative_to("/"))
        run("mount", "--bind", str(place), target)
        run("mount", "-o", "remount,bind,ro", target)
