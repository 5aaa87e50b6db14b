"""The drills: switches and updates under traffic, a faulty API, and faults of a node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click
from rich.console import RenderableType

from podnet.cli.app import json_option
from podnet.cli.console import err, out
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
from podnet.lab.operations.deployment import deploying
from podnet.lab.operations.drills import late, neighbours, tables
from podnet.lab.operations.drills.api import CASES, Case, Outcome, Run
from podnet.lab.operations.drills.faults import FaultOutcome, fault_drill
from podnet.lab.operations.drills.neighbours import Crossing, Reached
from podnet.lab.operations.drills.update import UpdateOutcome, update_drill
from podnet.lab.operations.switching import Switch
from podnet.lab.stack import stacks
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.start import start_cloud

commands = click.Group()
Found = TypeVar("Found", Switch, Outcome, FaultOutcome, UpdateOutcome, Reached | Crossing)


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
    _end(switches, tables.plain_switch, tables.switch_table, as_json=as_json)


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
    """Deploy, switch, roll and destroy while the API is faulty, in a lab of its own."""
    require_host()
    place = directory().with_name(f"{directory().name}-drill")
    if Home.exists(place):
        raise UserError(
            f"an earlier drill left the lab {place}; `podnet --lab {place} down` removes it",
            rule="drill-lab-exists",
        )
    chosen = [case for case in CASES if not faults or case.name in faults]
    outcomes = [outcome for case in chosen for outcome in _outcomes(place, engine, case)]
    _end(outcomes, tables.plain_outcome, tables.outcome_table, as_json=as_json)


@drill.command("faults")
@stack_option
@engine_option
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    type=click.Choice([*(fault.name for fault in FAULTS), *late.NAMES]),
    help="Only this fault; may be repeated.",
)
@json_option
def drill_faults(
    stack: str | None, engine: EngineKind, names: tuple[str, ...], *, as_json: bool
) -> None:
    """Break node-1 in every way that is known, and print what healed it or how it was named.

    Also switch while nodes follow late, or not at all.
    """
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        faults = [fault for fault in FAULTS if not names or fault.name in names]
        switches = [name for name in late.NAMES if not names or name in names]
        outcomes = [*fault_drill(chosen, faults), *late.late_drill(chosen, switches)]
    _end(outcomes, tables.plain_fault, tables.fault_table, as_json=as_json)


@drill.command("update")
@stack_option
@engine_option
@json_option
def drill_update(stack: str | None, engine: EngineKind, *, as_json: bool) -> None:
    """Replace the agent on all nodes while all pods talk, also by one that is never ready."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        outcomes = [*update_drill(chosen)]
    _end(outcomes, tables.plain_update, tables.update_table, as_json=as_json)


@drill.command("neighbours")
@stack_option
@engine_option
@click.option(
    "--mode",
    "names",
    multiple=True,
    type=click.Choice([name for name in neighbours.VARIANTS if name != neighbours.HUB]),
    help="Only this one beside vpc-routes; may be repeated.",
)
@json_option
def drill_neighbours(
    stack: str | None, engine: EngineKind, names: tuple[str, ...], *, as_json: bool
) -> None:
    """Let pods talk to other hosts of the VPC, in each mode and across each switch."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        rows = [*neighbours.neighbour_drill(chosen, neighbours.chosen(chosen, names))]
    _end(rows, tables.plain_neighbours, tables.neighbour_tables, as_json=as_json)


def _end(
    outcomes: list[Found],
    plain: Callable[[Found], dict[str, object]],
    render: Callable[[list[Found]], RenderableType],
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


def _outcomes(place: Path, engine: EngineKind, case: Case) -> Iterator[Outcome]:
    home = Home.open(place)
    try:
        with deploying(home):
            stack = LabStack(home, stacks.FIRST, start_cloud(home), engine)
            stack.record()
            yield from Run(stack, case).outcomes_of_all()
    finally:
        lifecycle.down(home)
