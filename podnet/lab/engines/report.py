"""Reports of the engines: events while they work, a summary at the end."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from podnet.lab.providers.protocol import Values
from podnet.lab.providers.urns import name_of, type_of

PROGRAM = logging.getLogger("podnet.program")
"""What the program says, whichever engine runs it."""
MASK = "[secret]"
"""Stands for a secret value in all that is shown."""
Op = Literal["same", "create", "update", "replace", "delete", "refresh"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done, or to be done, to one resource."""

    op: Op
    urn: str
    type: str
    name: str
    detail: str = ""
    """The properties that differ, old to new, or the reason; empty where there is none."""

    @classmethod
    def of(cls, op: Op, urn: str, detail: str = "") -> Step:
        """A step on the resource with this URN, which holds its type and name."""
        return cls(op, urn, type_of(urn), name_of(urn), detail)


@dataclass(frozen=True, slots=True)
class Event:
    """Progress event: a step starts, is done or has failed."""

    kind: Literal["started", "done", "failed"]
    step: Step
    seconds: float = 0.0
    """How long the step took; 0 when it starts."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The steps of one run, or of a preview."""

    steps: tuple[Step, ...]
    counts: dict[str, int]
    """Number of resources an operation."""
    outputs: Values
    """The exports; secret ones read `[secret]`, and in a preview those not known are `UNKNOWN`."""
    seconds: float

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that are not `same`."""
        return tuple(step for step in self.steps if step.op != "same")


@dataclass
class Report:
    """Collects the steps of one run and passes on their events."""

    listen: Callable[[Event], None] | None = None
    steps: list[Step] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, step: Step, *, part: bool = False) -> Iterator[None]:
        """Report a step while it runs; one that is `part` of another is not listed."""
        start = time.monotonic()
        self._report("started", step, 0.0)
        try:
            yield
        except BaseException:
            self._report("failed", step, time.monotonic() - start)
            raise
        if not part:
            self.steps.append(step)
        self._report("done", step, time.monotonic() - start)

    def note(self, step: Step) -> None:
        """List a step that took no work."""
        with self.step(step):
            pass

    def summary(self, outputs: Values) -> Summary:
        """All steps so far."""
        counts = dict(Counter(str(step.op) for step in self.steps))
        return Summary(tuple(self.steps), counts, outputs, time.monotonic() - self.begun)

    def _report(self, kind: Literal["started", "done", "failed"], step: Step, took: float) -> None:
        if self.listen is not None:
            self.listen(Event(kind, step, took))
