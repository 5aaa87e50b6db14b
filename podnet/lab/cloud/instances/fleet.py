"""All machines of one lab, reconciled with the states of the API's instances."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from podnet.lab.cloud.instances.cgroups import Cgroups
from podnet.lab.cloud.instances.machine import Machine, State
from podnet.lab.images.root import Root


@dataclass(frozen=True, slots=True)
class Wanted:
    """The state that the API gives one instance."""

    running: bool
    namespace: str
    """The network namespace that holds its primary interface."""
    image_id: str


class Report(TypedDict):
    """The state of one machine."""

    state: str
    pid: int | None
    error: str | None


class Fleet:
    """The machines, by instance id; all methods are for the process's main thread."""

    def __init__(
        self,
        folder: Path,
        root: Callable[[str], Root],
        cgroups: Cgroups,
        on_exit: Callable[[], None],
    ) -> None:
        """`root` finds the root file system of an image; it raises `UserError` without one."""
        self._folder = folder
        self._root = root
        self._cgroups = cgroups
        self._on_exit = on_exit
        self._machines: dict[str, Machine] = {}
        self._known_halts: set[str] = set()

    def destroy_except(self, instance_ids: Collection[str]) -> None:
        """Destroy every machine of another instance."""
        for instance_id in self._machines.keys() - set(instance_ids):
            self._machines.pop(instance_id).destroy()
        if self._folder.is_dir():
            for folder in self._folder.iterdir():
                if folder.name not in self._machines and folder.name not in instance_ids:
                    shutil.rmtree(folder)

    def poll(self) -> list[str]:
        """Update the states; returns the instances that powered themselves off.

        Each is returned until `acknowledge_halt`.
        """
        for machine in self._machines.values():
            machine.poll()
        return [
            instance_id
            for instance_id, machine in self._machines.items()
            if machine.state is State.HALTED and instance_id not in self._known_halts
        ]

    def acknowledge_halt(self, instance_id: str) -> None:
        """Note that the API knows that the instance powered itself off."""
        self._known_halts.add(instance_id)

    def stop(self, instance_id: str) -> None:
        """Power an instance off, even if it is to boot again at once."""
        if machine := self._machines.get(instance_id):
            self._known_halts.discard(instance_id)
            machine.stop()

    def reboot(self, instance_id: str) -> None:
        """Restart an instance."""
        if machine := self._machines.get(instance_id):
            machine.reboot()

    def needs_change(self, wanted: Mapping[str, Wanted]) -> bool:
        """Whether `reconcile` would do something."""
        return any(
            self._step(instance_id, want) is not None for instance_id, want in wanted.items()
        )

    def reconcile(self, wanted: Mapping[str, Wanted]) -> None:
        """Boot what should run and does not, and stop what runs and should not."""
        for instance_id, want in wanted.items():
            if step := self._step(instance_id, want):
                step()

    @property
    def waits(self) -> bool:
        """Whether time alone may change the state of a machine."""
        return any(machine.waits for machine in self._machines.values())

    def report(self) -> dict[str, Report]:
        """State, process 1 and last error of every machine."""
        return {
            instance_id: Report(state=machine.state.value, pid=machine.pid, error=machine.error)
            for instance_id, machine in sorted(self._machines.items())
        }

    def _step(self, instance_id: str, want: Wanted) -> Callable[[], None] | None:
        machine = self._machines.get(instance_id)
        if machine is None:
            return (lambda: self._first_boot(instance_id, want)) if want.running else None
        if want.running and machine.state is State.OFF:
            return lambda: machine.boot(want.namespace)
        if not want.running and machine.state is State.RUNNING:
            return machine.stop
        return None

    def _first_boot(self, instance_id: str, want: Wanted) -> None:
        machine = Machine(
            self._folder / instance_id, self._root(want.image_id), self._cgroups, self._on_exit
        )
        self._machines[instance_id] = machine
        machine.boot(want.namespace)
