"""Commands that change how a live cluster routes: switch, and the drill that measures it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from lab.cli import cluster, deploy, kept, switching
from lab.cli import nodes as nodes_of
from lab.cli.app import (
    ConfigOption,
    EngineOption,
    JsonOption,
    StackOption,
    app,
    existing_home,
    overrides,
)
from lab.cli.cloud import running_cloud
from lab.cli.cluster_commands import show_proof
from lab.cli.console import err, out
from lab.cli.deploy import EngineKind
from lab.cli.proof import Target
from lab.cli.stack_commands import UP_SECONDS, tell_changes
from lab.cli.switching import Leg
from lab.engine.lock import locked
from lab.errors import LabError
from plan.routing import Routing, RoutingMode

drill = typer.Typer(help="Measure what a change costs while it happens.", no_args_is_help=True)
app.add_typer(drill, name="drill")


@app.command()
def switch(
    mode: Annotated[RoutingMode, typer.Argument(help="How pods reach each other from now on.")],
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    config: ConfigOption = [],  # noqa: B006 - Typer copies it
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Switch the routing of a live cluster, and keep it for the next `up`."""
    given = overrides(config)
    home = existing_home()
    with locked(home.directory / "up", UP_SECONDS):
        target = Target(home, stack, engine, running_cloud(home))
        chosen = switching.chosen(mode, given)
        settings = kept.settings(home, stack, chosen)
        tell_changes(target.preview(chosen))
        told = _told(target)
        anew = switching.needs_new_pods(told, settings.node_routing)
        if anew and not yes:
            _ask(f"to or from {RoutingMode.L2}, all pods of {stack} are made anew; go on?")
        if switching.makes_devices_anew(told, settings.node_routing) and not yes:
            _ask("another vni or vxlanPort loses packets between nodes for seconds; go on?")
        kept.keep(home, stack, chosen)
        summary = target.up(tell=False)
        proof = target.prove(summary, renew_pods=anew)
    show_proof(proof)


@drill.command("switch")
def drill_switch(
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    *,
    as_json: JsonOption = False,
) -> None:
    """Switch between every two modes while all pods talk, and print what was lost."""
    home = existing_home()
    with locked(home.directory / "up", UP_SECONDS):
        target = Target(home, stack, engine, running_cloud(home))
        legs = []
        for leg in switching.walk(target):
            legs.append(leg)
            for line in leg.losses.worst():
                err.print(f"  {line}", markup=False)
    if as_json:
        typer.echo(json.dumps([_plain(leg) for leg in legs], indent=2))
    else:
        out.print(_table(legs))
    if not all(leg.sound for leg in legs):
        raise SystemExit(1)


def _told(target: Target) -> list[Routing]:
    """What the nodes were told before, where it can be read."""
    client = cluster.ec2(target.endpoint, deploy.region(target.stack))
    tags = {made.routing for made in nodes_of.made(client, target.stack).values()}
    return [switching.parsed(tag) for tag in sorted(tags)]


def _ask(question: str) -> None:
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise LabError("nothing was changed; `--yes` answers this question")


def _plain(leg: Leg) -> dict[str, object]:
    losses = leg.losses
    return {
        "from": leg.before,
        "to": leg.after,
        "seconds": losses.seconds,
        "datagrams": losses.sent,
        "lost": losses.lost,
        "connections": len(losses.pairs),
        "broken": len(losses.broken),
        "red": sorted({f"{each.source} to {each.target}" for each in leg.matrix.failed}),
        "replaced": leg.replaced,
    }


def _table(legs: list[Leg]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("from", "to"):
        table.add_column(header)
    for header in ("time", "datagrams", "lost", "longest outage", "connections", "broken", "pairs"):
        table.add_column(header, justify="right")
    for leg in legs:
        losses = leg.losses
        table.add_row(
            leg.before,
            leg.after,
            f"{losses.seconds:.1f} s",
            str(losses.sent),
            str(losses.lost),
            f"{losses.outage * 1000:.0f} ms",
            str(len(losses.pairs)),
            str(len(losses.broken)),
            f"{leg.matrix.passed} of {leg.matrix.pairs}",
            style="" if leg.sound else "red",
        )
    return table
