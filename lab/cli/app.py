"""The Typer application, the options its commands share, and how an error ends it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lab import host
from lab.cli.console import err
from lab.cli.deploy import EngineKind
from lab.errors import LabError
from lab.home import PROJECT, Home

app = typer.Typer(
    name="podnet",
    help="Pod networking between AWS nodes, on this machine: deploy it, and prove it with packets.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

StackOption = Annotated[str, typer.Option("--stack", help="A stack of stacks/.")]
EngineOption = Annotated[
    EngineKind, typer.Option("--engine", help="Who runs the program; auto: `pulumi` where present.")
]
ConfigOption = Annotated[
    list[str],
    typer.Option("--config", "-c", metavar="KEY=VALUE", help="A setting for this run only."),
]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="A node, such as node-1.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


class Place:
    """Where the lab of this invocation lives."""

    directory: Path = PROJECT / ".lab"


@app.callback()
def options(
    lab: Annotated[
        Path, typer.Option("--lab", envvar="PODNET_LAB", help="Directory of the lab.")
    ] = PROJECT / ".lab",
) -> None:
    """Remember which lab the command is for."""
    Place.directory = lab.resolve()


def require_host() -> None:
    """End with what this machine lacks, before anything is changed."""
    if problems := host.problems():
        raise LabError("\n".join(problems) + "\nNothing was changed.")


def open_home() -> Home:
    """The lab of this invocation, made if it is not there."""
    require_host()
    return Home.open(Place.directory)


def existing_home() -> Home:
    """The lab of this invocation; raises `LabError` where none was made."""
    require_host()
    if not (Place.directory / "lab.json").exists():
        raise LabError(f"there is no lab in {Place.directory}; `podnet up` makes one")
    return Home.open(Place.directory)


def overrides(pairs: list[str]) -> dict[str, str]:
    """The settings given on the command line, by key."""
    config = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise LabError(f"--config {pair!r} is not KEY=VALUE; write podnet:nodeCount=4")
        config[key if ":" in key else f"podnet:{key}"] = value
    return config


def main() -> None:
    """Run the command line; an error that users are meant to read ends it with 1."""
    try:
        app()
    except LabError as error:
        err.print("[red]error:[/red]", end=" ")
        err.print(str(error), markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("interrupted; run the same command again to go on from here")
        sys.exit(130)
