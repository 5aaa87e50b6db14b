"""The command that is kubectl, for the cluster of a stack."""

from __future__ import annotations

import click

from podnet.errors import UserError
from podnet.lab.commands.options import existing_home, in_lab
from podnet.lab.home import Home
from podnet.lab.stack import stacks
from podnet.lab.stack.cloud import running_cloud
from podnet.lab.stack.lab_stack import LabStack

commands = click.Group()


@commands.command(
    context_settings={
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
@click.argument("words", nargs=-1)
@click.option("--stack", help="A stack; the current one, or else the only one with a cluster.")
def kubectl(words: tuple[str, ...], stack: str | None) -> None:
    """Run kubectl for a stack's cluster, as its administrator and from the lab's internet."""
    home = existing_home()
    endpoint = running_cloud(home)
    name = stacks.require_deployed(home, stack) if stack else with_cluster(home, endpoint)
    in_lab(home, name, endpoint).kubectl().become(words)


def with_cluster(home: Home, endpoint: str) -> str:
    """The current stack if it has a cluster, or else the only one that has."""
    found = [name for name in stacks.deployed(home) if LabStack(home, name, endpoint).cluster()]
    current = stacks.current(home)
    if current in found:
        return str(current)
    if not found:
        raise UserError(
            "no stack of this lab has Kubernetes; `podnet up --stack kubernetes` makes a cluster",
            rule="cluster-missing",
        )
    if len(found) > 1:
        raise UserError(
            f"{', '.join(found)} have a cluster each; name one by --stack, or by "
            "`podnet stack select`",
            rule="cluster-ambiguous",
        )
    return found[0]
