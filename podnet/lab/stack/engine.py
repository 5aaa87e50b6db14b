"""Which engine deploys a stack into this lab, and the reports it gives meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from podnet.errors import UserError
from podnet.lab.engines.report import Event, Summary
from podnet.lab.home import Home, one_of
from podnet.system.files import write_atomically
from podnet.system.progress import Progress


class EngineKind(StrEnum):
    """Who runs the program."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


class AnyEngine(Protocol):
    """The operations of both engines; each returns what it did."""

    def preview(self) -> Summary: ...
    def plan(self) -> Mapping[str, Any]: ...
    def up(self) -> Summary: ...
    def refresh(self) -> Summary: ...
    def destroy(self) -> Summary: ...
    def outputs(self) -> Mapping[str, Any]: ...


def choose(home: Home, stack: str, wanted: EngineKind) -> EngineKind:
    """The engine for this stack: the one that deployed it, else the one asked for.

    Each engine keeps its own state, so a stack stays with its first engine.
    """
    installed = shutil.which("pulumi") is not None
    if wanted is EngineKind.PULUMI and not installed:
        raise UserError(
            "--engine pulumi: there is no `pulumi` on PATH; use --engine embedded",
            rule="pulumi-missing",
        )
    first = recorded(home, stack)
    chosen = wanted
    if chosen is EngineKind.AUTO:
        chosen = first or (EngineKind.PULUMI if installed else EngineKind.EMBEDDED)
    if first not in (None, chosen):
        raise UserError(
            f"stack {stack} was deployed into this lab by the {first} engine and stays with it; "
            f"use --engine {first}, or `podnet down` to start afresh",
            rule="engine-fixed",
        )
    return chosen


def recorded(home: Home, stack: str) -> EngineKind | None:
    """The engine that deployed this stack; None for a stack that was never deployed here."""
    file = home.engines / stack
    return one_of(EngineKind, file) if file.exists() else None


def record(home: Home, stack: str, wanted: EngineKind) -> None:
    """Write down that the stack is deployed, by which engine from now on."""
    chosen = choose(home, stack, wanted)
    if recorded(home, stack) != chosen:
        home.engines.mkdir(exist_ok=True)
        write_atomically(home.engines / stack, chosen)


def progress(note: Progress) -> Callable[[Event], None]:
    """A listener for an engine that notes how many steps are done, and the latest."""
    finished = 0

    def listen(event: Event) -> None:
        nonlocal finished
        finished += event.kind == "done" and event.step.op != "same"
        note(f"{finished} done, {event.step.op} {event.step.name}")

    return listen


def summary_line(summary: Summary) -> str:
    """One sentence: how many resources were created, changed and left as they are."""
    changes = {op: count for op, count in summary.counts.items() if op != "same" and count}
    same = summary.counts.get("same", 0)
    if not changes:
        return f"nothing to change, {same} resources are as they should be"
    return ", ".join(f"{count} {op}" for op, count in changes.items()) + f", {same} unchanged"
