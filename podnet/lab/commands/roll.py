"""The command that replaces outdated nodes, one at a time."""

from __future__ import annotations

import click

from podnet.cli.console import out
from podnet.lab.commands.options import deployed_stack, engine_option, stack_option
from podnet.lab.operations.deployment import deploying, up
from podnet.lab.operations.render import show_verification
from podnet.lab.operations.rolling import outdated_nodes, roll_one, without_control_plane
from podnet.lab.operations.verification import require_green, verify
from podnet.lab.stack.engine import EngineKind

commands = click.Group()


@commands.command()
@click.argument(
    "nodes", metavar="[NODE]...", nargs=-1, help="Nodes such as node-1; without, all outdated."
)
@stack_option
@engine_option
def roll(nodes: tuple[str, ...], stack: str | None, engine: EngineKind) -> None:
    """Replace outdated nodes one at a time, and verify all pairs after each."""
    chosen = deployed_stack(stack, engine)
    with deploying(chosen.home):
        chosen.record()
        # An interrupted roll may have left a node deleted; this deployment creates it.
        verification = verify(chosen, up(chosen, log=False))
        require_green(verification, "before any node was touched")
        rolled = without_control_plane(chosen, outdated_nodes(chosen, nodes), nodes)
        for name, parts in rolled.items():
            out.print(f"{name}: outdated {' and '.join(parts)}")
            verification = roll_one(chosen, name)
    if not rolled:
        out.print("every node has the present files, image and type; nothing to roll")
    show_verification(verification)
