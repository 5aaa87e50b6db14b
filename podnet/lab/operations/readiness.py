"""Waits until the nodes of a deployment are ready for pods."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.clients import Client
from podnet.lab.engines.errors import EngineError
from podnet.lab.home import Home
from podnet.lab.nodes.discovery import (
    NO_USER_DATA,
    instance_states,
    progress,
    running_nodes,
    why_not_ready,
)
from podnet.lab.nodes.node import Node
from podnet.lab.stack.inventory import node_records
from podnet.lab.stack.lab_stack import LabStack
from podnet.system.progress import Progress

STALL_SECONDS = 60.0
"""Without any progress, after which a node is not waited for."""
CERTAIN_SECONDS = 10.0
"""The same where no node can get any further: one may be about to reboot."""
QUIET_SECONDS = 5.0
POLL = 0.2
CONTROL = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z]|M)|\r")
"""What systemd writes to a console beside text."""
STILL_RUNNING = re.compile(r"\bjobs? .*running", re.IGNORECASE)
"""Lines by which systemd counts the seconds of a job: no progress."""


@dataclass(slots=True)
class _Wait:
    """The nodes of a deployment as they were last seen, and when anything last changed."""

    home: Home
    ec2: Client
    wanted: Mapping[str, str]
    nodes: dict[str, Node] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a node is not ready, by its name."""
    _seen: object = None
    _changed: float = field(default_factory=time.monotonic)

    @property
    def stalled(self) -> float:
        """Seconds without progress."""
        return time.monotonic() - self._changed

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        hopeless = all(reason == NO_USER_DATA for reason in self.reasons.values())
        limit = CERTAIN_SECONDS if hopeless else STALL_SECONDS
        return self.stalled >= limit * self.home.patience

    def look(self) -> None:
        """See how far each node is."""
        self.nodes = {node.instance_id: node for node in running_nodes(self.home, self.ec2)}
        absent = self.wanted.values() - self.nodes.keys()
        states = instance_states(self.ec2, absent) if absent else {}
        self.reasons = {}
        for name, instance in self.wanted.items():
            node = self.nodes.get(instance)
            if reason := why_not_ready(node) if node else _why_absent(states.get(instance)):
                self.reasons[name] = reason
        seen = [(name, reason, self._written(name)) for name, reason in self.reasons.items()]
        if seen != self._seen:
            self._seen, self._changed = seen, time.monotonic()

    def text(self) -> str:
        """How many nodes are ready, and what the first of the others waits for."""
        count = f"{len(self.wanted) - len(self.reasons)} of {len(self.wanted)} ready"
        if not self.reasons:
            return count
        name, reason = next(iter(self.reasons.items()))
        quiet = f", {self.stalled:.0f} s without progress" if self.stalled > QUIET_SECONDS else ""
        return f"{count}{quiet}; {name}: {reason}{self._last_of_console(name)}"

    def failure(self, before: str = "") -> UserError:
        """The reason of each node that is not ready, after a text, and the way out."""
        lines = "\n".join(
            f"  - {name}: {reason}{self._last_of_console(name)}"
            for name, reason in self.reasons.items()
        )
        return UserError(
            f"{before}{len(self.reasons)} of {len(self.wanted)} nodes not ready, without progress "
            f"for {self.stalled:.0f} s:\n{lines}\n{self._way_out()}",
            rule="nodes-not-ready",
        )

    def _way_out(self) -> str:
        consoles = f"their consoles: {self.home.instances}/<instance id>/console.log"
        lost = [name for name, reason in self.reasons.items() if reason == NO_USER_DATA]
        if not lost:
            return f"`podnet up` waits again, and changes nothing else; {consoles}"
        ids = " ".join(self.wanted[name] for name in lost)
        reboots = "; ".join(f"`podnet exec {name} -- systemctl reboot`" for name in lost)
        return (
            "a reboot makes cloud-init try again, in the lab as on EC2 (`aws ec2 reboot-instances "
            f"--instance-ids {ids}`): {reboots}; then `podnet up`; {consoles}"
        )

    def _written(self, name: str) -> tuple[int, ...]:
        """How much an instance has written of its boot, on its console and in files."""
        node = self.nodes.get(self.wanted[name])
        lines = [line for line in self._console_lines(name) if not STILL_RUNNING.search(line)]
        return (len(lines), *(progress(node) if node else ()))

    def _last_of_console(self, name: str) -> str:
        last = next(reversed(self._console_lines(name)), "")
        return f"; the last line of its console: {last}" if last else ""

    def _console_lines(self, name: str) -> list[str]:
        try:
            text = self._console(name).read_text(errors="replace")
        except FileNotFoundError:
            return []
        return list(filter(None, (line.strip() for line in CONTROL.sub("", text).split("\n"))))

    def _console(self, name: str) -> Path:
        return self.home.instances / self.wanted[name] / "console.log"


def wait_ready(home: Home, ec2: Client, wanted: Mapping[str, str], note: Progress) -> list[Node]:
    """The nodes of `wanted`, which maps names to instance ids, once the agent of each is active.

    Raises `UserError` with the reason of each node that is not ready, once nothing has changed on
    any of them for a while.
    """
    wait = _Wait(home, ec2, wanted)
    while True:
        wait.look()
        note(wait.text())
        if not wait.reasons:
            return [wait.nodes[instance] for instance in wanted.values()]
        if wait.is_over:
            raise wait.failure()
        time.sleep(POLL)


@contextmanager
def explained(stack: LabStack) -> Iterator[None]:
    """A deployment whose error, where nodes do not follow, says what the lab sees on them."""
    try:
        yield
    except EngineError as error:
        if "podnet:settleTimeout" not in str(error):
            raise
        wanted = {name: each.instance_id for name, each in node_records(stack).items()}
        wait = _Wait(stack.home, stack.ec2, wanted)
        wait.look()
        if not wait.reasons:
            raise
        raise wait.failure(f"{error}\n") from error


def _why_absent(state: str | None) -> str:
    """The reason for which an instance has no process, from its state; None where it is gone."""
    if state is None:
        return "its instance is gone; `podnet refresh` and `podnet up` launch another one"
    if state in ("pending", "running"):
        return "it has not booted yet"
    return f"its instance is {state}; start it (`aws ec2 start-instances`), or terminate it"
