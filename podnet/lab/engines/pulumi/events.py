"""Turns the events of the Pulumi CLI into the steps that the embedded engine reports."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from pulumi.automation.events import DiagnosticEvent, EngineEvent, StepEventMetadata
from pulumi.runtime import rpc

from podnet.lab.engines.errors import EngineError, ProgramError, ResourceError
from podnet.lab.engines.report import MASK, PROGRAM, Event, Op, Step, Summary
from podnet.lab.providers.differences import describe
from podnet.lab.providers.protocol import UNKNOWN, Diff, Value, Values
from podnet.lab.providers.urns import type_of
from podnet.lab.providers.wire import SECRET, SIGNATURE

OPS: Mapping[str, Op] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "refresh": "refresh",
    # The CLI reports a replacement three times: as a plan, as a creation and as a deletion.
    "create-replacement": "replace",
    "delete-replaced": "delete",
}
SAID: Mapping[str, int] = {
    "info": logging.INFO,
    "info#err": logging.INFO,
    "warning": logging.WARNING,
}
"""Severities of what the program says or prints; `info#err` is its standard error."""
FOLLOWS = "an unhandled error occurred: program exited"
"""How the CLI reports that the program ended, after the program has said why."""
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
        self._said: dict[tuple[str, str], None] = {}
        self._outputs: Values = {}

    def handle(self, event: EngineEvent) -> None:
        """Take in one event."""
        if event.resource_pre_event:
            self._step("started", event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._step("done", event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._step("failed", event.res_op_failed_event.metadata)
        elif event.diagnostic_event and not event.diagnostic_event.ephemeral:
            self._hear(event.diagnostic_event)

    def summary(self, *, outputs: bool = True) -> Summary:
        """The steps of the run, or of the preview."""
        steps = tuple(self._steps.values())
        counts = dict(Counter(str(step.op) for step in steps))
        return Summary(
            steps, counts, self._outputs if outputs else {}, time.monotonic() - self._begun
        )

    def error(self, otherwise: str) -> EngineError:
        """The first failure; `otherwise` where the CLI named no resource and no reason."""
        for urn, message in self._errors:
            if urn and type_of(urn) != STACK:
                return ResourceError(urn, message, rule="pulumi-resource-failed")
        reasons = [message for _, message in self._errors]
        if reasons and all(reason.startswith(FOLLOWS) for reason in reasons):
            # The program ended before it could reach the CLI: its standard error says why.
            printed = [text for severity, text in self._said if severity == "info#err"]
            reasons[0] = "\n".join([*printed, reasons[0]])
        for reason in reasons:
            return ProgramError(reason, rule="pulumi-reported-error")
        return EngineError(otherwise, rule="pulumi-failed")

    def _hear(self, diagnostic: DiagnosticEvent) -> None:
        """Log what the program says once, in its order; keep errors for the end of the run."""
        severity = diagnostic.severity
        text = diagnostic.message.strip("\r\n")
        if not text.strip():
            return
        if severity == "error":
            self._errors.append((diagnostic.urn or "", text.strip().removeprefix("error: ")))
        elif severity in SAID and (severity, text) not in self._said:
            self._said[severity, text] = None
            PROGRAM.log(SAID[severity], text)

    def _step(
        self, kind: Literal["started", "done", "failed"], metadata: StepEventMetadata
    ) -> None:
        op, type_ = OPS.get(metadata.op.value), type_of(metadata.urn)
        if op is None or (type_.startswith(PROVIDER) and "::default" in metadata.urn):
            return  # the embedded engine has no resource for a provider that nobody declared
        if op == "update" and self._refreshing:
            op = "refresh"
        if type_ == STACK and metadata.new and metadata.new.outputs is not None:
            self._outputs = plain(metadata.new.outputs)
        step = Step.of(op, metadata.urn, self._detail(op, metadata))
        key = (op, metadata.urn)
        if kind == "done" and key in self._steps:
            return  # the outputs of a component are reported once more
        if kind == "done" and metadata.op.value != "delete-replaced":
            self._steps[key] = step
        begun = self._started.setdefault(metadata.urn, time.monotonic())
        if self._listen is not None:
            seconds = 0.0 if kind == "started" else time.monotonic() - begun
            self._listen(Event(kind, step, seconds))
        if kind != "started":
            del self._started[metadata.urn]

    def _detail(self, op: Op, metadata: StepEventMetadata) -> str:
        if op == "delete":
            return (
                "no longer exists"
                if self._refreshing
                else "to be replaced"
                if metadata.op.value == "delete-replaced"
                else ""
            )
        if metadata.old is None or metadata.new is None or not metadata.diffs:
            return ""
        old, new = dict(metadata.old.inputs or {}), dict(metadata.new.inputs or {})
        secret = {
            name for inputs in (old, new) for name, value in inputs.items() if _is_secret(value)
        }
        return describe(
            plain(old), plain(new), Diff(tuple(metadata.diffs), tuple(metadata.keys or ())), secret
        )


def plain(value: Value) -> Value:
    """A value of the CLI; `[secret]` and `UNKNOWN` stand for its markers of these."""
    if _is_secret(value):
        return MASK
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if value == rpc.UNKNOWN else value


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and value.get(SIGNATURE) == SECRET
