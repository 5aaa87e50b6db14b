"""Commands of a lab on another kernel: they run in its virtual machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from podnet.cli.app import show
from podnet.cli.console import step
from podnet.lab.home import DEFAULT, Home
from podnet.lab.machine import bytecode, forwarding, lifecycle
from podnet.lab.machine.channel import client
from podnet.lab.machine.forwarding import DEPLOYING, INPUT, Where

PASSED = ("COLUMNS", "LANG", "LC_ALL", "NO_COLOR", "TERM", "TZ", "FORCE_COLOR")
"""Variables of the environment that a command has there as here, and all of podnet's own."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Elsewhere(click.Command):
    """A command that is checked here and run in the virtual machine of the lab."""

    def __init__(self, home: Path, command: click.Command, words: Sequence[str]) -> None:
        super().__init__(command.name, help=command.help)
        self.home, self.command, self.words = home, command, list(words)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """The context of the command itself, which refuses wrong options before anything runs."""
        self.command.make_context(info_name, list(args), parent, **extra)
        return click.Context(self, parent, info_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run it there, and end with its exit code."""
        del ctx
        sys.exit(run(Home.open(self.home), str(self.command.name), self.words))


def place(lab: Path | None, command: click.Command, words: Sequence[str]) -> click.Command:
    """The command itself where it runs here, and one that runs it elsewhere otherwise."""
    directory = lab or DEFAULT
    name = str(command.name)
    if name != "up" and not (directory / "machine").is_dir():
        return command
    home = Home.open(directory) if Home.exists(directory) else None
    chosen = forwarding.where(
        name,
        words,
        declared=home is not None and lifecycle.declared(home),
        in_use=home is not None and home.engines.exists(),
    )
    return command if chosen is Where.HERE else Elsewhere(directory, command, words)


def run(home: Home, name: str, words: Sequence[str]) -> int:
    """The exit code of a command that runs in the virtual machine of this lab."""
    from podnet.lab.operations.deployment import deploying  # noqa: PLC0415  # loads slowly

    sent = forwarding.forwarded(name, words, Path.cwd())
    with ExitStack() as held:
        if name in DEPLOYING:
            held.enter_context(deploying(home))
        if name == "up":
            _boot(home, words)
        else:
            lifecycle.require_running(home)
        request = client.Request(
            argv=[sys.executable, "-m", "podnet.cli", "--lab", str(home.directory), *sent.words],
            environment=environment(),
            takes_input=name in INPUT,
            outputs=sent.outputs,
        )
        return client.run(home.machine, request)


def _boot(home: Home, words: Sequence[str]) -> None:
    """Start the virtual machine unless it runs, and what an `up` with these words needs there.

    No network leads out of it, so images are built here.
    """
    from podnet.lab.commands.options import parse_config, require_host  # noqa: PLC0415  # slow
    from podnet.lab.images import debian, selection  # noqa: PLC0415  # loads slowly
    from podnet.lab.operations.deployment import ensure_image  # noqa: PLC0415  # loads slowly
    from podnet.lab.stack import stacks  # noqa: PLC0415  # loads slowly
    from podnet.lab.stack.lab_stack import LabStack  # noqa: PLC0415  # loads slowly

    if lifecycle.running(home):
        return
    require_host()
    lifecycle.require_packages()
    if lifecycle.declared(home):
        show("the virtual machine of this lab has ended, and what it held is gone: another starts")
    name, settings = forwarding.deployed(words)
    with step("image of the instances") as note:
        selection.trusting(home.image, debian.ensure(home.image, note))
    ensure_image(LabStack(home, stacks.to_deploy(home, name), ""), parse_config(settings))
    with step("virtual machine") as note:
        found = lifecycle.start(home, note)
        note(str(found))


def environment() -> dict[str, str]:
    own = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or name.startswith("PODNET_")
    }
    own.pop("PODNET_LAB", None)
    return {"PATH": PATH, "HOME": str(Path.home()), **own, **bytecode.environment()}
