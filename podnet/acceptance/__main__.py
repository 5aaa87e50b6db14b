"""`python -m podnet.acceptance`: the acceptance test on an AWS account, and its sweeper."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from podnet.acceptance import prices
from podnet.acceptance.commands import Podnet
from podnet.acceptance.deployment import SHORT, PulumiStack, require_pulumi
from podnet.acceptance.estimate import Estimate
from podnet.acceptance.evidence import Evidence
from podnet.acceptance.leftovers import Account, Left, find
from podnet.acceptance.names import TAG, identity_of, is_run, new_run
from podnet.acceptance.processes import Runner
from podnet.acceptance.run import Run, sweep_command
from podnet.acceptance.steps import WAY, Wanted
from podnet.acceptance.sweeper import delete
from podnet.account.session import client
from podnet.cli.app import INTERRUPTED, show
from podnet.cli.console import step
from podnet.cli.versions import versions
from podnet.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]
WORK = PROJECT / ".acceptance"
"""Git ignores it. State and passphrase of an aborted run stay there."""
PAGE = "docs/proved-on-aws.md"

region_option = click.option("--region", required=True, help="The region.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(context_settings={"max_content_width": 120})
def cli() -> None:
    """The acceptance test of podnet on an AWS account, which costs money."""


@cli.command()
@region_option
@click.option(
    "--ceiling",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="US dollars that the run may cost; it refuses to begin, or stops and destroys, before.",
)
@click.option(
    "--hourly-price",
    type=click.FloatRange(min=0, min_open=True),
    help="US dollars that one node costs an hour with its disk and address; else AWS is asked.",
)
@click.option(
    "--nodes", type=click.IntRange(min=2, max=20), default=3, show_default=True, help="How many."
)
@click.option("--instance-type", default="t3.small", show_default=True, help="Of the nodes.")
@click.option("--image-id", default="", help="Of the nodes; the newest Debian 12 by default.")
@yes_option
def run(  # noqa: PLR0913  # one for each option
    *,
    region: str,
    ceiling: float,
    hourly_price: float | None,
    nodes: int,
    instance_type: str,
    image_id: str,
    yes: bool,
) -> None:
    """Deploy, prove, probe, switch through all modes, roll, and destroy; keep the evidence."""
    name = new_run(region)
    wanted = Wanted(
        run=name, region=region, nodes=nodes, instance_type=instance_type, image_id=image_id
    )
    estimate = Estimate(
        nodes=nodes,
        node=prices.given(hourly_price)
        if hourly_price
        else prices.look_up(client("pricing", prices.ENDPOINT), region, instance_type),
        switches=len(WAY) - 1,
        ceiling=ceiling,
    )
    click.echo("\n".join(estimate.lines()))
    estimate.check()
    account = Account.of(region)
    if earlier := find(account):
        show(f"{len(earlier)} resources of earlier runs are in {region}; look at them: sweep")
    click.echo(f"run {name}, in {account.ec2.meta.endpoint_url}; every resource is tagged {TAG}")
    require_pulumi()
    if not yes:
        click.confirm("deploy?", abort=True)
    work = WORK / name
    deployment = PulumiStack(PROJECT, work, name)
    evidence = Evidence(
        file=work / "evidence.json", about=_about(wanted, estimate, account, deployment)
    )
    evidence.write()
    podnet = Podnet(_runner(work / "podnet.log"), identity_of(name), region)
    passed = Run(
        wanted=wanted,
        deployment=deployment,
        podnet=podnet,
        account=account,
        evidence=evidence,
        limit=time.monotonic() + estimate.seconds,
    ).go()
    show(f"{evidence.result}: {evidence.file}; {PAGE} says where it goes")
    if not passed:
        show(evidence.reason or "")
        sys.exit(1)


@cli.command()
@region_option
@click.option("--run", "name", help="The run; all runs in the region by default.")
@click.option("--delete", "deletes", is_flag=True, help="Delete what is found.")
@yes_option
def sweep(*, region: str, name: str | None, deletes: bool, yes: bool) -> None:
    """List what aborted runs have left in a region, and with --delete remove it.

    Resources of a run that still goes on are found too. The exit code is 1 where any is left.
    """
    if name and not is_run(name):
        raise UserError(
            f"{name!r} is not the name of a run; the tag {TAG} of its resources has it, as in "
            "eu-central-1-0a1b2c",
            rule="acceptance-run-name",
        )
    account = Account.of(region)
    found = find(account, name)
    for each in found:
        click.echo(f"{each.run}  {each.kind}  {each.id}")
    if not found:
        click.echo("nothing is left")
        return
    if not deletes:
        runs = sorted({each.run for each in found})
        show("\n".join(["to remove it:", *map(sweep_command, runs)]))
        sys.exit(1)
    if not yes:
        click.confirm(f"delete these {len(found)} resources?", abort=True)
    _delete(account, found, name)


def _delete(account: Account, found: list[Left], name: str | None) -> None:
    with step("sweep") as note:
        problems = delete(account, found, note)
        remaining = find(account, name)
        note(f"{len(found) - len(remaining)} of {len(found)} deleted")
    for problem in problems:
        show(str(problem))
    if remaining:
        sys.exit(1)


def _runner(log: Path) -> Runner:
    return Runner(folder=PROJECT, environment=os.environ, log=log)


def _about(
    wanted: Wanted, estimate: Estimate, account: Account, deployment: PulumiStack
) -> dict[str, object]:
    git = ("git", "describe", "--always", "--dirty", "--abbrev=40")
    commit = _runner(WORK / wanted.run / "podnet.log").check(*git, seconds=SHORT).strip()
    return {
        "run": wanted.run,
        "region": wanted.region,
        "endpoint": account.ec2.meta.endpoint_url,
        "versions": {"commit": commit, **versions(), **deployment.versions()},
        "estimate": estimate.to_json(),
        "settings": wanted.settings(),
        "way": [str(mode) for mode in wanted.way],
    }


def main() -> None:
    """Run the command line; an error that users are meant to read ends it with 1."""
    try:
        cli.main(standalone_mode=True)
    except UserError as error:
        show(f"error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
