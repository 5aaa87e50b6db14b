"""Commands on stacks: list them, and select the current one."""

from __future__ import annotations

import click

from podnet.cli.console import out
from podnet.cli.render import table
from podnet.errors import UserError
from podnet.lab.cloud import process
from podnet.lab.commands.options import existing_home
from podnet.lab.home import Home
from podnet.lab.stack import engine, stacks
from podnet.lab.stack.inventory import node_records
from podnet.lab.stack.lab_stack import LabStack

commands = click.Group()


@commands.group(invoke_without_command=True)
@click.pass_context
def stack(context: click.Context) -> None:
    """The stacks of the lab: list them, or select the current one."""
    if context.invoked_subcommand is not None:
        return
    home = existing_home()
    current, endpoint = stacks.current(home), process.running(home)
    rows = table("current", "stack", "engine", "routing", "nodes running")
    for name in stacks.deployed(home):
        marked = "*" if name == current else ""
        rows.add_row(marked, name, str(engine.recorded(home, name)), *_runs(home, name, endpoint))
    out.print(rows)
    if current is None:
        out.print("nothing is deployed; `podnet up` deploys a stack")


@stack.command()
@click.argument("name", help="A stack of the lab.")
def select(name: str) -> None:
    """Make a stack the current one, which all commands are for unless `--stack` names another."""
    stacks.select(existing_home(), name)


def _runs(home: Home, name: str, endpoint: str | None) -> tuple[str, str]:
    """The assigned routing of a stack's nodes, and how many of them run."""
    if endpoint is None:
        return "unknown", "the cloud is not running"
    try:
        records = node_records(LabStack(home, name, endpoint)).values()
    except UserError as error:
        return "unknown", str(error)
    routings = sorted({record.routing.partition(" ")[0] for record in records})
    running = sum(record.state == "running" for record in records)
    return ", ".join(routings) or "none", f"{running} of {len(records)}"
