"""The commands for whoever reports a fault of podnet."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

import click

from podnet.cli import app
from podnet.cli.bundle import live as account
from podnet.cli.bundle.write import Wanted
from podnet.cli.console import err, out, step
from podnet.cli.output import writable
from podnet.errors import UserError

commands = click.Group()
MOST_SECONDS = 300


@commands.group()
def debug() -> None:
    """What helps to find a fault: an archive for a bug report."""


@debug.command()
@click.option("--stack", help="A stack; the current one of the lab, or the only one there.")
@click.option("--live", is_flag=True, help="Of a stack in an AWS account, from its API.")
@click.option("--region", help="The region of --live; by default the AWS CLI's own.")
@click.option("--vpc", metavar="ID", help="The VPC of --live, where several have the tags.")
@click.option(
    "--nodes-by",
    type=click.Choice(("ssm",)),
    help="With --live: ask the nodes themselves as well, by Run Command of Systems Manager.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The archive to write; podnet-debug-TIME.tar.gz by default.",
)
@click.option(
    "--capture",
    type=click.FloatRange(0, MOST_SECONDS),
    default=0,
    metavar="SECONDS",
    help="In the lab: also capture on every node, headers without payload.",
)
@click.option(
    "--hide-public-addresses", is_flag=True, help="Replace public addresses, each by the same one."
)
def bundle(  # noqa: PLR0913  # one for each option
    *,
    stack: str | None,
    live: bool,
    region: str | None,
    vpc: str | None,
    nodes_by: str | None,
    output: Path | None,
    capture: float,
    hide_public_addresses: bool,
) -> None:
    """Write one archive for a bug report, without secrets: plan, API, nodes, logs."""
    if (region or vpc or nodes_by) and not live:
        raise UserError(
            "--region, --vpc and --nodes-by are for --live; add it", rule="bundle-without-live"
        )
    if capture and live:
        raise UserError(
            "--capture is for the lab, since no node of an account captures; leave one of "
            "--capture and --live out",
            rule="capture-of-account",
        )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    file = output or Path(f"podnet-debug-{stamp}.tar.gz")
    wanted = Wanted(
        output=file,
        capture_seconds=capture,
        hide_public_addresses=hide_public_addresses,
        nodes_by_ssm=nodes_by == "ssm",
    )
    with step("bundle") as note, writable(file):
        if live:
            written = account.write(stack, vpc, region, wanted, note)
        elif app.LABS:
            written = import_module(app.LABS[-1]).bundle(stack, wanted, note)
        else:
            raise UserError(
                "the lab is not installed here (`pip install podnet[lab]`); --live is for an AWS "
                "account",
                rule="bundle-without-lab",
            )
        note(f"{written.files} files, {written.removed} secrets removed")
    for each in written.missing:
        err.print(f"  not in it: {each['name']}: {each['why']}", markup=False, style="yellow")
    out.print(f"{file}: read it before you send it", markup=False, soft_wrap=True)
