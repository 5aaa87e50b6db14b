"""Which engine deploys a stack into this lab, and what it tells while it does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import yaml
from rich.markup import escape

from lab.aws import AwsProvider
from lab.cli import kept
from lab.cli.console import Note
from lab.cloud.netns import NAMESPACES
from lab.engine import Engine, Event, Summary
from lab.engine.packages import Packages
from lab.errors import LabError
from lab.fabric import names
from lab.home import PROJECT, Home
from lab.kubernetes.provider import KubernetesProvider


class EngineKind(StrEnum):
    """Who runs the program."""

    AUTO = "auto"
    PULUMI = "pulumi"
    EMBEDDED = "embedded"


class AnyEngine(Protocol):
    """What both engines can do; each returns what it did."""

    def preview(self) -> Summary: ...
    def up(self) -> Summary: ...
    def refresh(self) -> Summary: ...
    def destroy(self) -> Summary: ...


def stack_names() -> list[str]:
    """The stacks that `stacks/` describes."""
    return sorted(
        file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for file in (PROJECT / "stacks").glob("Pulumi.*.yaml")
    )


def region(stack: str) -> str:
    """The region that the stack's configuration names."""
    if stack not in stack_names():
        raise LabError(f"there is no stack {stack!r}; stacks/ describes {', '.join(stack_names())}")
    text = (PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text()
    config = (yaml.safe_load(text) or {}).get("config", {})
    if "aws:region" not in config:
        raise LabError(f"stacks/Pulumi.{stack}.yaml names no aws:region; add one under config")
    return str(config["aws:region"])


def choose(home: Home, stack: str, wanted: EngineKind) -> EngineKind:
    """The engine for this stack: the one that deployed it, else the one asked for.

    The two keep their own record of what they made, so a stack stays with its first engine.
    """
    installed = shutil.which("pulumi") is not None
    if wanted is EngineKind.PULUMI and not installed:
        raise LabError("--engine pulumi: there is no `pulumi` on PATH; use --engine embedded")
    memory = _memory(home, stack)
    first = EngineKind(memory.read_text()) if memory.exists() else None
    chosen = wanted
    if chosen is EngineKind.AUTO:
        chosen = first or (EngineKind.PULUMI if installed else EngineKind.EMBEDDED)
    if first not in (None, chosen):
        raise LabError(
            f"stack {stack} was deployed into this lab by the {first} engine and stays with it; "
            f"use --engine {first}, or `podnet down` to begin anew"
        )
    return chosen


def remember(home: Home, stack: str, wanted: EngineKind) -> None:
    """Keep which engine this stack belongs to from now on."""
    memory = _memory(home, stack)
    memory.parent.mkdir(exist_ok=True)
    memory.write_text(choose(home, stack, wanted))


def _memory(home: Home, stack: str) -> Path:
    return home.directory / "engines" / stack


def engine(  # noqa: PLR0913  # what it takes to say what is deployed where
    home: Home,
    stack: str,
    kind: EngineKind,
    endpoint: str,
    *,
    note: Note | None = None,
    config: Mapping[str, str] | None = None,
) -> AnyEngine:
    """The engine that deploys `stack` into the lab behind `endpoint`.

    `config` goes over what is kept for this stack in this lab.
    """
    config = kept.over(home, stack, config)
    on_event = _teller(note) if note else None
    # As whoever deploys to AWS does, the provider reaches a cluster from the internet.
    namespace = NAMESPACES / names.internet_namespace(home)
    if choose(home, stack, kind) is EngineKind.PULUMI:
        # Read only where it is used: the automation API alone takes half a second to load.
        from lab.pulumi_cli import PulumiCli  # noqa: PLC0415

        return PulumiCli(
            PROJECT,
            stack,
            home.directory / "pulumi",
            endpoint,
            region(stack),
            on_event,
            config,
            namespace=namespace,
        )
    state = home.directory / "state" / f"{stack}.json"
    provider = Packages(
        {"aws": AwsProvider(endpoint, region(stack)), "kubernetes": KubernetesProvider(namespace)}
    )
    return Engine(PROJECT, stack, state, provider, on_event, config)


def _teller(note: Note) -> Callable[[Event], None]:
    finished = 0

    def tell(event: Event) -> None:
        nonlocal finished
        finished += event.kind == "done" and event.step.op != "same"
        note(f"{finished} done, {event.step.op} {event.step.name}")

    return tell


def describe(summary: Summary) -> Iterator[str]:
    """The changes of a summary, a line each, with the properties that differ."""
    marks = {
        "create": "[green]+[/green]",
        "update": "[yellow]~[/yellow]",
        "replace": "[magenta]±[/magenta]",
        "delete": "[red]-[/red]",
        "refresh": "[cyan]~[/cyan]",
    }
    for item in summary.changes:
        yield f"  {marks[item.op]} {item.op:8} {item.type:45} {item.name}"
        yield from (f"      {escape(line)}" for line in item.detail.splitlines())


def in_words(summary: Summary) -> str:
    """One sentence: how many resources were made, changed, kept."""
    changes = {op: count for op, count in summary.counts.items() if op != "same" and count}
    same = summary.counts.get("same", 0)
    if not changes:
        return f"nothing to change, {same} resources are as they should be"
    return ", ".join(f"{count} {op}" for op, count in changes.items()) + f", {same} unchanged"
