"""The command that runs another on a node."""

from __future__ import annotations

import os

import click

from podnet.lab.commands.options import (
    command_argument,
    deployed_stack,
    node_argument,
    stack_option,
)

commands = click.Group()


@commands.command("exec", context_settings={"ignore_unknown_options": True})
@node_argument
@command_argument
@stack_option
def execute(node: str, command: tuple[str, ...], stack: str | None) -> None:
    """Run a command on a node."""
    argv = deployed_stack(stack).node(node).command(*command)
    os.execvp(argv[0], argv)
