"""The command that shows what is deployed, in the lab or in an account.

With `--live` nothing of the lab is loaded: it is for machines that hold none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from podnet.cli.app import json_option
from podnet.cli.console import out
from podnet.errors import UserError

commands = click.Group()


@commands.command()
@click.option("--stack", help="A stack of the lab, or of --live; the current or only one.")
@click.option("--live", is_flag=True, help="Of an AWS account, by the AWS CLI's own credentials.")
@click.option("--region", help="With --live: the region; by default the AWS CLI's own.")
@click.option("--vpc", metavar="ID", help="With --live: the VPC, where several fit.")
@click.option(
    "--nodes",
    metavar="NUMBERS",
    help="With --live: nodes that must be there, as in 1-3; by default by the VPC's tag.",
)
@json_option
def status(
    *,
    stack: str | None,
    live: bool,
    as_json: bool,
    **which: str | None,
) -> None:
    """Show the nodes, their routing and template, and the lab's cloud.

    With --live: what each node of a stack in an account is assigned, and what it has said that it
    applied. The exit code is 0 whatever that is; `podnet verify` is for gates.
    """
    if live:
        _show_account(stack, which, as_json=as_json)
        return
    if astray := [name for name, value in {**which, "json": as_json}.items() if value]:
        raise UserError(
            f"--{astray[0]} is for `podnet status --live`; give --live as well",
            rule="status-without-live",
        )
    from podnet.lab.commands.options import deployed_stack  # noqa: PLC0415  # see above
    from podnet.lab.stack.status import show_status  # noqa: PLC0415  # as above

    show_status(deployed_stack(stack))


def _show_account(stack: str | None, which: Mapping[str, str | None], *, as_json: bool) -> None:
    from podnet.account import acknowledgements, network_policies  # noqa: PLC0415  # loads slowly
    from podnet.account.session import client  # noqa: PLC0415  # as above
    from podnet.account.status import Status  # noqa: PLC0415  # as above
    from podnet.cli.sources import Source  # noqa: PLC0415  # as above
    from podnet.cli.status_table import StatusTable  # noqa: PLC0415  # as above

    source = Source(
        stack=stack,
        live=True,
        region=which["region"],
        vpc=which["vpc"],
        nodes=which["nodes"],
        file=None,
        plan=None,
    )
    subject = source.subject()
    # After the account's world: what nodes say follows their tags.
    ssm = client("ssm", which["region"])
    values = acknowledgements.read(ssm, subject.identity)
    shown = Status.of(subject, values, network_policies.read(ssm, subject.identity))
    if as_json:
        click.echo(json.dumps(shown.to_json(), indent=2))
    else:
        out.print(StatusTable(shown))
