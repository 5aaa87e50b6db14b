"""The command that shows what is deployed."""

from __future__ import annotations

import click

from podnet.lab.commands.options import deployed_stack, stack_option
from podnet.lab.stack.status import show_status

commands = click.Group()


@commands.command()
@stack_option
def status(stack: str | None) -> None:
    """Show the nodes, their routing and template, and the lab's cloud."""
    show_status(deployed_stack(stack))
