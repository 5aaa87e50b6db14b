"""Puts what the Pulumi CLI tells of a run into the words of the embedded engine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pulumi.automation.events import EngineEvent, StepEventMetadata
from pulumi.runtime import rpc

from lab.engine import UNKNOWN, EngineError, Event, ProgramError, ResourceError, Step, Summary
from lab.engine.detail import describe
from lab.engine.engine import MASK
from lab.engine.report import Op
from lab.engine.values import Diff, Values
from lab.engine.wire import SECRET, SIGNATURE

OPS: Mapping[str, Op] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "refresh": "refresh",
    # The CLI tells a replacement three times: as a plan, as a creation and as a deletion.
    "create-replacement": "replace",
    "delete-replaced": "delete",
}
STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:"


class Steps:
    """Listens to one run of the CLI."""

    def __init__(self, listen: Callable[[Event], None] | None, *, refreshing: bool = False) -> None:
        self._listen = listen
        self._refreshing = refreshing
        self._begun = time.monotonic()
        self._started: dict[str, float] = {}
        self._steps: dict[tuple[Op, str], Step] = {}
        self._errors: list[tuple[str, str]] = []
        self._outputs: Values = {}

    def hear(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event:
            self._step("started", event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._step("done", event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._step("failed", event.res_op_failed_event.metadata)
        elif event.diagnostic_event and event.diagnostic_event.severity == "error":
            told = event.diagnostic_event
            message = told.message.strip().removeprefix("error: ")
            if message:
                self._errors.append((told.urn or "", message))

    def summary(self, *, outputs: bool = True) -> Summary:
        """What the run did, or would do."""
        steps = tuple(self._steps.values())
        counts = dict(Counter(str(step.op) for step in steps))
        return Summary(
            steps, counts, self._outputs if outputs else {}, time.monotonic() - self._begun
        )

    def error(self, otherwise: str) -> EngineError:
        """What failed first; `otherwise` where the CLI named no resource and no reason."""
        for urn, message in self._errors:
            if urn and _type(urn) != STACK:
                return ResourceError(urn, message)
        for _, message in self._errors:
            return ProgramError(message)
        return EngineError(otherwise)

    def _step(self, kind: Literal["started", "done", "failed"], told: StepEventMetadata) -> None:
        op = OPS.get(told.op.value)
        if op is None or (_type(told.urn).startswith(PROVIDER) and "::default" in told.urn):
            return  # the embedded engine has no resource for a provider that nobody declared
        if op == "update" and self._refreshing:
            op = "refresh"
        if _type(told.urn) == STACK and told.new and told.new.outputs is not None:
            self._outputs = known(told.new.outputs)
        step = Step.of(op, told.urn, self._detail(op, told))
        key = (op, told.urn)
        if kind == "done" and key in self._steps:
            return  # the outputs of a component are told once more
        if kind == "done" and told.op.value != "delete-replaced":
            self._steps[key] = step
        begun = self._started.setdefault(told.urn, time.monotonic())
        if self._listen is not None:
            seconds = 0.0 if kind == "started" else time.monotonic() - begun
            self._listen(Event(kind, step, seconds))
        if kind != "started":
            del self._started[told.urn]

    def _detail(self, op: Op, told: StepEventMetadata) -> str:
        if op == "delete":
            return (
                "no longer exists"
                if self._refreshing
                else "to be made anew"
                if told.op.value == "delete-replaced"
                else ""
            )
        if told.old is None or told.new is None or not told.diffs:
            return ""
        old, new = dict(told.old.inputs or {}), dict(told.new.inputs or {})
        secret = {
            name for inputs in (old, new) for name, value in inputs.items() if _is_secret(value)
        }
        return describe(
            known(old), known(new), Diff(tuple(told.diffs), tuple(told.keys or ())), secret
        )


def known(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """A value of the CLI, its signs for what is secret and for what is not known yet made plain."""
    if _is_secret(value):
        return MASK
    if isinstance(value, Mapping):
        return {name: known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [known(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]
