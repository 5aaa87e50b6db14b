"""The drills: switches under traffic, an unkind API, and faults of a node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click
from rich.table import Table

from podnet.cli.app import json_option
from podnet.cli.console import err, out
from podnet.cli.render import table
from podnet.errors import UserError
from podnet.lab.cloud import lifecycle
from podnet.lab.commands.options import (
    deployed_stack,
    directory,
    engine_option,
    require_host,
    stack_option,
)
from podnet.lab.drill.faults import FAULTS
from podnet.lab.home import Home
from podnet.lab.operations import switching
from podnet.lab.operations.api_drill import CASES, Case, Outcome, Run
from podnet.lab.operations.deployment import deploying
from podnet.lab.operations.fault_drill import FaultOutcome, fault_drill
from podnet.lab.operations.switching import Switch
from podnet.lab.stack import stacks
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.start import start_cloud

commands = click.Group()
Found = TypeVar("Found", Switch, Outcome, FaultOutcome)


@commands.group(no_args_is_help=True)
def drill() -> None:
    """Measure what a change costs while it happens."""


@drill.command("switch")
@stack_option
@engine_option
@json_option
def drill_switch(stack: str | None, engine: EngineKind, *, as_json: bool) -> None:
    """Switch between every two modes while all pods talk, and print what was lost."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        switches = []
        for each in switching.drill(chosen):
            switches.append(each)
            for line in each.losses.worst():
                err.print(f"  {line}", markup=False)
    _end(switches, _plain, _table, as_json=as_json)


@drill.command("api")
@engine_option
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=click.Choice([case.name for case in CASES]),
    help="Only this one; may be repeated.",
)
@json_option
def drill_api(engine: EngineKind, faults: tuple[str, ...], *, as_json: bool) -> None:
    """Deploy, switch, roll and destroy while the API is unkind, in a lab of its own."""
    require_host()
    place = directory().with_name(f"{directory().name}-drill")
    if Home.exists(place):
        raise UserError(
            f"an earlier drill left the lab {place}; `podnet --lab {place} down` removes it",
            rule="drill-lab-exists",
        )
    chosen = [case for case in CASES if not faults or case.name in faults]
    outcomes = [outcome for case in chosen for outcome in _outcomes(place, engine, case)]
    _end(outcomes, _outcome, _outcome_table, as_json=as_json)


@drill.command("faults")
@stack_option
@engine_option
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    type=click.Choice([fault.name for fault in FAULTS]),
    help="Only this fault; may be repeated.",
)
@json_option
def drill_faults(
    stack: str | None, engine: EngineKind, names: tuple[str, ...], *, as_json: bool
) -> None:
    """Break node-1 in every way that is known, and print what healed it or how it was named."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        faults = [fault for fault in FAULTS if not names or fault.name in names]
        outcomes = [*fault_drill(chosen, faults)]
    _end(outcomes, _fault_outcome, _fault_table, as_json=as_json)


def _end(
    outcomes: list[Found],
    plain: Callable[[Found], dict[str, object]],
    render: Callable[[list[Found]], Table],
    *,
    as_json: bool,
) -> None:
    """Print what a drill found, and end with 1 where it failed."""
    if as_json:
        click.echo(json.dumps([plain(each) for each in outcomes], indent=2))
    else:
        out.print(render(outcomes))
    if not all(each.passed for each in outcomes):
        raise SystemExit(1)


def _fault_outcome(each: FaultOutcome) -> dict[str, object]:
    return {
        "fault": each.fault,
        "healed": each.healed,
        "seconds": round(each.seconds, 1),
        "named": each.named,
        "whole": each.whole,
        "datagrams": each.losses.sent,
        "lost": each.losses.lost,
        "broken": len(each.losses.broken),
    }


def _fault_table(outcomes: list[FaultOutcome]) -> Table:
    rows = table("fault", "outcome", numbers=("packets lost", "connections broken"))
    for each in outcomes:
        losses = each.losses
        rows.add_row(
            each.fault,
            each.words,
            f"{losses.lost} of {losses.sent}",
            f"{len(losses.broken)} of {len(losses.pairs)}",
            style="" if each.passed else "red",
        )
    return rows


def _outcomes(place: Path, engine: EngineKind, case: Case) -> Iterator[Outcome]:
    home = Home.open(place)
    try:
        with deploying(home):
            stack = LabStack(home, stacks.FIRST, start_cloud(home), engine)
            stack.record()
            yield from Run(stack, case).outcomes_of_all()
    finally:
        lifecycle.down(home)


def _outcome(each: Outcome) -> dict[str, object]:
    losses = each.losses
    return {
        "fault": each.fault,
        "operation": each.operation,
        "done": each.done,
        "outcome": each.words,
        "datagrams": losses and losses.sent,
        "lost": losses and losses.lost,
        "broken": losses and len(losses.broken),
    }


def _outcome_table(outcomes: list[Outcome]) -> Table:
    rows = table("fault", "operation", "outcome", numbers=("packets lost",))
    for each in outcomes:
        lost = "" if each.losses is None else f"{each.losses.lost} of {each.losses.sent}"
        style = "" if each.passed else "red"
        rows.add_row(each.fault, each.operation, each.words, lost, style=style)
    return rows


def _plain(each: Switch) -> dict[str, object]:
    losses = each.losses
    return {
        "from": each.before,
        "to": each.after,
        "seconds": losses.seconds,
        "datagrams": losses.sent,
        "lost": losses.lost,
        "connections": len(losses.pairs),
        "broken": len(losses.broken),
        "red": sorted({f"{failed.source} to {failed.target}" for failed in each.matrix.failed}),
        "replaced": each.replaced,
    }


def _table(switches: list[Switch]) -> Table:
    measured = ("time", "datagrams", "lost", "longest outage", "connections", "broken", "pairs")
    rows = table("from", "to", numbers=measured)
    for each in switches:
        losses = each.losses
        rows.add_row(
            each.before,
            each.after,
            f"{losses.seconds:.1f} s",
            str(losses.sent),
            str(losses.lost),
            f"{losses.outage * 1000:.0f} ms",
            str(len(losses.pairs)),
            str(len(losses.broken)),
            f"{each.matrix.passed} of {each.matrix.pairs}",
            style="" if each.passed else "red",
        )
    return rows
