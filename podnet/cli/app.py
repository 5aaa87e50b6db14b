"""The application: its commands by name, each loaded when it runs, and how an error ends it."""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from podnet.errors import UserError

ENTRY_POINTS = "podnet.commands"
"""The group of entry points whose modules call `register`: the lab's is one."""
MACHINE_ERRORS = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What a machine answers that is full, read-only or closed to the user, whatever a program does."""
INTERRUPTED = 130
"""The exit code of a program that SIGINT has ended, as shells report it: 128 and the signal."""

_EXPLAINERS: list[str] = []
_PLACES: list[str] = []
LABS: list[str] = []
"""Modules that say what a stack of the lab is; see `podnet.lab.commands.paper`."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object instead of a table."
)


class Invocation:
    """The options that stand before the command."""

    lab: Path | None = None


class LazyGroup(click.Group):
    """The commands that were registered; help lists them, and only one that runs is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of their registration."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is to run, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Registered):
            command = command.load()
            for module in _PLACES:
                command = import_module(module).place(ctx.params.get("lab"), command, rest)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; Ctrl-C ends it with a sentence."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            show("interrupted; run the same command again to go on from here")
            raise SystemExit(INTERRUPTED) from None


class Registered(click.Command):
    """The name and the help of a command whose module is not loaded."""

    def __init__(self, name: str, module: str, help: str) -> None:  # noqa: A002  # Click's name
        super().__init__(name, help=help, short_help=help)
        self.module = module

    def load(self) -> click.Command:
        """The command itself, out of the group `commands` of its module."""
        group: click.Group = import_module(self.module).commands
        return group.commands[str(self.name)]


def show(text: str) -> None:
    """Print a line on standard error; without the library that draws tables, which loads slowly."""
    click.echo(text, err=True, color=False if os.environ.get("NO_COLOR") else None)


def print_completion(context: click.Context, _option: click.Parameter, shell: str | None) -> None:
    """Print what the shell has to evaluate, and end."""
    if shell and not context.resilient_parsing and (found := get_completion_class(shell)):
        click.echo(found(context.command, {}, "podnet", "_PODNET_COMPLETE").source())
        context.exit()


@click.group(
    "podnet",
    cls=LazyGroup,
    help="Pod networking between AWS nodes, on this machine: deploy it, and test it with packets.",
    no_args_is_help=True,
    context_settings={"max_content_width": 120},
)
@click.option(
    "--lab",
    type=click.Path(path_type=Path, resolve_path=True),
    envvar="PODNET_LAB",
    show_envvar=True,
    help="Directory of the lab.",
)
@click.option(
    "--show-completion",
    type=click.Choice(("bash", "fish", "zsh")),
    is_flag=False,
    flag_value=Path(os.environ.get("SHELL", "")).name,
    is_eager=True,
    expose_value=False,
    callback=print_completion,
    help="Print what makes a shell complete podnet's words, to be evaluated there.",
)
def app(lab: Path | None) -> None:
    """Remember which lab the command is for."""
    Invocation.lab = lab


def register(name: str, module: str, help: str) -> None:  # noqa: A002  # Click's name
    """Add a command, or a group of some, without loading its module.

    `help` is the first line of the command's own help.
    """
    app.add_command(Registered(name, module, help))


def explain_with(module: str) -> None:
    """Let `explain(error)` of this module say what is behind a command's error, where it knows."""
    _EXPLAINERS.append(module)


def place_with(module: str) -> None:
    """Let `place(lab, command, words)` of this module choose where a command runs."""
    _PLACES.append(module)


def take_lab_from(module: str) -> None:
    """Let this module say what a stack of the lab is, to commands that prove on paper."""
    LABS.append(module)


for _name, _help in (
    ("verify", "Prove on paper, without a packet, that all packets of pods and nodes arrive."),
    ("trace", "Follow a packet from one end to another on paper, hop by hop, and back."),
    (
        "report",
        "Write one HTML file: the topology, the matrix, the proof and what is left of quotas.",
    ),
    ("debug", "What helps to find a fault: an archive for a bug report."),
):
    register(_name, f"podnet.cli.{_name}", _help)


def main() -> None:
    """Run the command line; an error that users are meant to read ends it with 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal in ASCII or Latin-1 cannot show every character that podnet prints.
            stream.reconfigure(errors="backslashreplace")
    try:
        for entry in entry_points(group=ENTRY_POINTS):
            entry.load()
        app()
    except Exception as error:
        explained = _explained(error)
        if explained is None:
            raise
        show(f"{click.style('error:', fg='red')} {explained}")
        sys.exit(1)


def _explained(error: Exception) -> UserError | None:
    """What users are meant to read of an error; None where it is a fault of podnet."""
    for module in _EXPLAINERS:
        if explained := import_module(module).explain(error):
            found: UserError = explained
            return found
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and error.errno in MACHINE_ERRORS:
        place = f"{error.filename}: " if error.filename else ""
        return UserError(
            f"{place}{error.strerror}; mend that and run the same command again",
            rule="machine-error",
        )
    return None
