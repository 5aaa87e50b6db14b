"""The options that commands of the lab share, and the lab and stack that a command is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

import click

from podnet.cli.app import Invocation, show
from podnet.errors import UserError
from podnet.lab.home import DEFAULT, Home
from podnet.lab.host import preflight
from podnet.lab.stack import stacks
from podnet.lab.stack.cloud import running_cloud
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack

Member = TypeVar("Member", bound=StrEnum)
Command = TypeVar("Command", bound=Callable[..., Any])


class Value(click.Choice[Member], Generic[Member]):
    """A member of an enumeration by its value, where Click takes its name."""

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """The value, of a member or as the user gave it."""
        del ctx
        return str(choice)


stack_option = click.option("--stack", help="A stack of the lab; the current one by default.")
engine_option = click.option(
    "--engine",
    type=Value(EngineKind),
    default=EngineKind.AUTO.value,
    show_default=True,
    help="Who runs the program; auto: `pulumi` where present.",
)


def provider_option(name: str) -> Callable[[Command], Command]:
    """`--NAME-provider`: a real plugin of the Pulumi CLI instead of the lab's, kept."""
    return click.option(
        f"--{name}-provider",
        name,
        metavar="PATH",
        help=f"Pulumi's own pulumi-resource-{name} for --engine pulumi, kept; `lab` ends it.",
    )


config_option = click.option(
    "--config", "-c", metavar="KEY=VALUE", multiple=True, help="A setting, kept for this lab."
)
node_argument = click.argument("node", help="A node, such as node-1.")
command_argument = click.argument("command", metavar="-- CMD", nargs=-1, required=True)


def require_host() -> None:
    """End with what this machine lacks, before anything is changed."""
    if problems := preflight.problems():
        raise UserError("\n".join(problems) + "\nNothing was changed.", rule="machine-unfit")


def open_home() -> Home:
    """The lab of this invocation, made where there is none."""
    require_host()
    return Home.open(directory())


def existing_home() -> Home:
    """The lab of this invocation; raises `UserError` where there is none."""
    require_host()
    if not Home.exists(directory()):
        raise UserError(
            f"there is no lab in {directory()}; `podnet up` makes one", rule="lab-missing"
        )
    return Home.open(directory())


def deployed_stack(name: str | None, engine: EngineKind = EngineKind.AUTO) -> LabStack:
    """The stack that `--stack` names, or the current one, in a lab whose cloud runs."""
    home = existing_home()
    return in_lab(home, stacks.require_deployed(home, name), running_cloud(home), engine)


def in_lab(home: Home, name: str, endpoint: str, engine: EngineKind = EngineKind.AUTO) -> LabStack:
    """The stack of this name; the terminal shows the name where the lab has other stacks."""
    if set(stacks.deployed(home)) - {name}:
        show(f"stack {name}")
    return LabStack(home, name, endpoint, engine)


def show_overrides(stack: LabStack) -> None:
    """Show the settings that hold in this lab over those of the stack's file."""
    if saved := stack.overrides():
        listed = ", ".join(f"{key}={value}" for key, value in saved.items())
        show(f"overrides of this lab: {listed}")


def directory() -> Path:
    """The directory of the lab of this invocation."""
    return Invocation.lab or DEFAULT


def parse_config(pairs: Iterable[str]) -> dict[str, str]:
    """The settings given on the command line, by key."""
    config = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(
                f"--config {pair!r} is not KEY=VALUE; write podnet:nodeCount=4",
                rule="config-not-key-value",
            )
        config[key if ":" in key else f"podnet:{key}"] = value
    return config
