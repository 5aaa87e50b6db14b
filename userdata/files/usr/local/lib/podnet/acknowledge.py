"""Says in the node's own SSM parameter what the agent has applied, once for each change (ADR 43).

It reads what the agent writes down, and the agent waits for nothing of it: a node that cannot reach
SSM has its network, and only what deploys waits in vain.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from metadata import MetadataService
from podnet.plan import other_cnis
from podnet.plan.acknowledgement import Acknowledgement, folder_beside, turn
from podnet.plan.address import AddressPlan
from ssm import call

STATE = Path("/run/podnet-agent/state.json")
NOTE = Path("/run/podnet-notes/acknowledgement")
BOOT = Path("/proc/sys/kernel/random/boot_id")
NAME = "tags/instance/podnet:node"
PERIOD = 1
ABSENT = 30
"""Seconds without the agent's state, after which it is said to be missing."""
SILENT = 60
"""Seconds without a poll, after which the agent is stuck: systemd restarts it after 40."""
STEADY = 15
"""Seconds for which problems must stand to be written: most are mended at the next poll."""
REST = 600
"""Seconds between two writes for nothing but problems: a metadata service that fails may
do so on all nodes of an account at once."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
"""Seconds until a refused write is tried again, each time about twice as long."""

Clock = Callable[[], float]


class Watch:
    """Looks at the agent's state."""

    def __init__(self, state: Path, instance: str, boot: str, clock: Clock = time.time) -> None:
        self.state = state
        self.instance = instance
        self.boot = boot
        self.clock = clock
        self.seen = clock()

    def look(self) -> Acknowledgement | None:
        """What there is to say; None while the agent has just begun."""
        try:
            found = json.loads(self.state.read_text())
        except FileNotFoundError:
            if self.clock() - self.seen < ABSENT:
                return None
            return self._said({"problems": ["podnet-agent.service has not run for a while"]})
        self.seen = self.clock()
        # A deployment waits for what the node does not follow, though its pods notice nothing.
        found["problems"] += [each for each in found["warnings"] if each.startswith("routing: ")]
        if self.seen - found["polled"] > SILENT:
            late = f"the agent has not polled since {_iso(found['polled'])}"
            found["problems"] = [*found["problems"], late]
        return self._said(found)

    def _said(self, state: Mapping[str, Any]) -> Acknowledgement:
        return Acknowledgement(
            instance=self.instance,
            boot=self.boot,
            routing=state.get("routing"),
            files=state.get("files", ""),
            problems=tuple(state["problems"]),
            time=_iso(self.clock()),
        )


class Acknowledger:
    """Writes what is new."""

    def __init__(
        self,
        watch: Watch,
        write: Callable[[str], object],
        delay: Callable[[Acknowledgement], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.watch = watch
        self.write = write
        self.delay = delay
        self.sleep = sleep
        self.written: Acknowledgement | None = None
        self.problems: tuple[str, ...] = ()
        self.since = 0.0
        """Since when these problems stand."""
        self.rested = 0.0
        """From when on problems alone may be written."""
        self.wait = FIRST_WAIT

    def poll(self) -> str:
        """Write what is new; returns why that failed."""
        said = self.watch.look()
        if said is None or not self.is_due(said):
            return ""
        # Not again before a write that is tried again.
        if self.wait == FIRST_WAIT:
            self.sleep(self.delay(said))
        said = self.watch.look() or said
        try:
            self.write(said.text())
        except (OSError, LookupError, ValueError) as error:
            self.sleep(self.wait * random.uniform(0.5, 1))  # noqa: S311  # no secret
            self.wait = min(2 * self.wait, LONGEST_WAIT)
            return str(error)
        if self.written and _applied(said) == _applied(self.written):
            self.rested = self.watch.clock() + REST
        self.written, self.wait = said, FIRST_WAIT
        return ""

    def is_due(self, said: Acknowledgement) -> bool:
        """Whether this is to be written."""
        now = self.watch.clock()
        if said.problems != self.problems:
            self.problems, self.since = said.problems, now
        if not self.written or _applied(said) != _applied(self.written):
            return True
        if said.problems == self.written.problems:
            return False
        return now >= max(self.since + STEADY, self.rested)


def _applied(said: Acknowledgement) -> tuple[object, ...]:
    return said.routing, said.files


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def delay_of(plan: AddressPlan, name: str) -> Callable[[Acknowledgement], float]:
    """How long this node lets others write before it."""
    number = int(name.rpartition("-")[2])

    def delay(said: Acknowledgement) -> float:
        return turn(plan, number, other_cnis.parse(said.routing).zones) if said.routing else 0.0

    return delay


def identify(service: MetadataService) -> tuple[str, str]:
    """The instance's id and its node's name, asked for until the service answers."""
    while True:
        try:
            return service.read("instance-id"), service.read(NAME)
        except (OSError, LookupError) as error:
            note(f"the node does not know its name: {error}")
            time.sleep(5)


def note(problem: str) -> None:
    """Keep a problem where the agent finds it, and print it once."""
    if problem == (NOTE.read_text() if NOTE.exists() else ""):
        return
    if problem:
        print(problem, flush=True)
        NOTE.write_text(problem)
    else:
        NOTE.unlink()


def main() -> None:
    """Watch and write until stopped."""
    service = MetadataService()
    instance, name = identify(service)
    parameter = f"{folder_beside(os.environ['PODNET_FILES'])}/{name}"
    # Its value alone: a parameter that is gone must not come back without the stack's tags.
    write = partial(
        call, service, "AmazonSSM.PutParameter", parameter, Type="String", Overwrite=True
    )
    acknowledger = Acknowledger(
        Watch(STATE, instance, BOOT.read_text().strip()),
        lambda text: write(Value=text),
        delay_of(AddressPlan.from_environ(os.environ), name),
    )
    while True:
        note(acknowledger.poll())
        time.sleep(PERIOD)


if __name__ == "__main__":
    main()
