"""The control groups that hold every process of one lab, and nothing else.

A process cannot leave them unnoticed, so they show exactly what to end, whoever started it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from podnet.errors import UserError
from podnet.system.waiting import wait_until

END_SECONDS = 10
POLL = 0.02
PREFERRED = 1000
"""The others' weight is 100 (cgroup-v2.rst of Linux, cpu.weight)."""
KUBELET = ("cpu", "cpuset", "io", "memory", "pids")
"""Controllers by which a kubelet and runc limit pods; nspawn hands on those that it gets."""


def hierarchies(mounts: str) -> list[Path]:
    """The hierarchies in which process 1 of an instance makes groups.

    Each instance needs one group in each of them: two instances in the same group would each
    take the other's services for their own.
    """
    found = []
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(place))
    return found


def controllers(mounts: str) -> list[Path]:
    """The hierarchies of single controllers, in which a kubelet makes groups for its pods.

    There is none where control groups are unified: one hierarchy is for services and pods.
    """
    found = []
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup" and "name=systemd" not in options.split(","):
            found.append(Path(place))
    return found


class Cgroups:
    """The groups of one lab, in each hierarchy of the machine."""

    def __init__(
        self,
        name: str,
        roots: Sequence[Path] | None = None,
        kubelet_roots: Sequence[Path] | None = None,
    ) -> None:
        mounts = Path("/proc/self/mounts").read_text()
        roots = hierarchies(mounts) if roots is None else roots
        kubelet_roots = controllers(mounts) if kubelet_roots is None else kubelet_roots
        if not roots:
            raise UserError(
                "no cgroup hierarchy is mounted for systemd (cgroup2, or cgroup with "
                "name=systemd): the lab's instances boot systemd, which needs one",
                rule="cgroup-hierarchy-mounted",
            )
        self._places = [root / name for root in roots]
        self._kubelet_places = [root / name for root in kubelet_roots]

    def make(self, member: str, *, kubelet: bool = False) -> list[Path]:
        """One group for this member in each hierarchy it needs."""
        places = self._places + (self._kubelet_places if kubelet else [])
        for place in places:
            _make(place)
            if kubelet:
                _enable(place.parent)
                _enable(place)
            _make(place / member)
        return [place / member for place in places]

    def enter(self, member: str) -> None:
        """Move this process into the member's groups; what it starts is in them too."""
        for group in self.make(member):
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def prefer(self, member: str) -> None:
        """Give a member most of the processors when others want them too, where groups can.

        Booting instances take all there is, and their cloud-init waits 5 s for each answer
        (url_helper.py of cloud-init 22.4).
        """
        for place in self._places:
            if "cpu" in _lines(place / "cgroup.controllers"):
                (place / "cgroup.subtree_control").write_text("+cpu")
                (place / member / "cpu.weight").write_text(str(PREFERRED))

    def drop(self, member: str) -> None:
        """Remove the groups of a member that has no process left."""
        for place in self._all:
            _prune(place / member)

    def processes(self) -> set[int]:
        """Process ids of everything in the lab's groups."""
        return {
            int(line)
            for place in self._all
            # Not by rglob, which fails when a group ends while it is read.
            for folder, _, _ in os.walk(place)
            for line in _lines(Path(folder) / "cgroup.procs")
        }

    def end(self) -> None:
        """Kill every process of the lab, except this one, and remove the groups."""
        rest: set[int] = set()

        def ended() -> bool:
            nonlocal rest
            rest = self.processes() - {os.getpid()}
            for pid in rest:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not rest

        if not wait_until(ended, END_SECONDS, POLL):
            raise UserError(
                f"processes {sorted(rest)} of the lab do not end, not even when "
                "killed; see what they wait for in /proc/<process id>/stack",
                rule="processes-do-not-end",
            )
        for place in self._all:
            _prune(place)

    @property
    def _all(self) -> list[Path]:
        return [*self._places, *self._kubelet_places]


def _enable(group: Path) -> None:
    """Let the groups in this one limit their processes, where control groups are unified."""
    offered = _lines(group / "cgroup.controllers")
    for name in KUBELET:
        if name in offered:
            (group / "cgroup.subtree_control").write_text(f"+{name}")


def _make(group: Path) -> None:
    group.mkdir(parents=True, exist_ok=True)
    if (group / "cgroup.controllers").exists():
        return  # in a unified hierarchy it has its parent's
    # A new group of this controller has none, and takes no process until it has some.
    for name in ("cpuset.cpus", "cpuset.mems"):
        own, parent = group / name, group.parent / name
        if own.exists() and not own.read_text().strip():
            own.write_text(parent.read_text())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:  # the group went meanwhile
        return []


def _prune(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # a last process is still leaving: the next call removes it
            Path(folder).rmdir()
