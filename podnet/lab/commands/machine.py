"""Commands of a lab on another kernel: they run in its virtual machine.

Every command passes here, also those that are for no lab, so what is loaded before it is clear
that the machine is meant is little.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from podnet.lab.home import Home

PASSED = ("COLUMNS", "LANG", "LC_ALL", "NO_COLOR", "TERM", "TZ", "FORCE_COLOR")
"""Variables of the environment that a command has there as here, and all of podnet's own."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDER = "machine"
"""In the directory of a lab that has a virtual machine (`Home.machine`)."""


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
        from podnet.lab.home import Home  # noqa: PLC0415  # see above
        from podnet.lab.machine.lifecycle import require_root  # noqa: PLC0415  # see above

        require_root()
        sys.exit(run(Home.open(self.home), str(self.command.name), self.words))


def place(lab: Path | None, command: click.Command, words: Sequence[str]) -> click.Command:
    """The command itself where it runs here, and one that runs it elsewhere otherwise."""
    name = str(command.name)
    if name != "up" and lab is not None and not _has_machine(lab):
        return command
    from podnet.lab.home import DEFAULT, Home  # noqa: PLC0415  # see above

    directory = lab or DEFAULT
    if name != "up" and not _has_machine(directory):
        return command
    from podnet.lab.cloud import process  # noqa: PLC0415  # see above
    from podnet.lab.machine import forwarding, lifecycle  # noqa: PLC0415  # see above

    home = Home.open(directory) if Home.exists(directory) else None
    chosen = forwarding.where(
        name,
        words,
        declared=lifecycle.declared(home) if home else None,
        in_use=home is not None and (home.engines.exists() or process.running(home) is not None),
    )
    here = chosen is forwarding.Where.HERE
    return command if here else Elsewhere(directory, command, words)


def _has_machine(lab: Path) -> bool:
    return os.path.isdir(lab / FOLDER)  # noqa: PTH112  # raises nothing, as to odd paths


def run(home: Home, name: str, words: Sequence[str]) -> int:
    """The exit code of a command that runs in the virtual machine of this lab."""
    from podnet.lab.machine import forwarding, lifecycle  # noqa: PLC0415  # see above
    from podnet.lab.machine.channel import client  # noqa: PLC0415  # see above
    from podnet.lab.operations.deployment import deploying  # noqa: PLC0415  # see above

    sent = forwarding.forwarded(name, words, Path.cwd())
    with ExitStack() as held:
        if name in forwarding.DEPLOYING:
            held.enter_context(deploying(home))
        if name == "up":
            _boot(home, words)
        else:
            lifecycle.require_running(home)
        request = client.Request(
            argv=[sys.executable, "-m", "podnet.cli", "--lab", str(home.directory), *sent.words],
            environment=environment(),
            takes_input=name in forwarding.INPUT,
            outputs=sent.outputs,
        )
        return client.run(home.machine, request)


def _boot(home: Home, words: Sequence[str]) -> None:
    """Start the virtual machine unless it runs, and what an `up` with these words needs there.

    No network leads out of it, so images are built here.
    """
    from podnet.cli.app import show  # noqa: PLC0415  # see above
    from podnet.cli.console import step  # noqa: PLC0415  # see above
    from podnet.lab.commands.options import parse_config  # noqa: PLC0415  # see above
    from podnet.lab.images import debian, selection  # noqa: PLC0415  # see above
    from podnet.lab.machine import forwarding, lifecycle  # noqa: PLC0415  # see above
    from podnet.lab.operations.deployment import ensure_image  # noqa: PLC0415  # see above
    from podnet.lab.stack import stacks  # noqa: PLC0415  # see above
    from podnet.lab.stack.lab_stack import LabStack  # noqa: PLC0415  # see above

    if lifecycle.running(home):
        return
    before = lifecycle.declared(home)
    kind = before or forwarding.kernel(words)
    assert kind  # noqa: S101  # `forwarding.where` says so
    lifecycle.require_packages(kind)
    if before:
        show("the virtual machine of this lab has ended, and what it held is gone: another starts")
    name, settings = forwarding.deployed(words)
    with step("image of the instances") as note:
        selection.trusting(home.image, debian.ensure(home.image, note))
    ensure_image(LabStack(home, stacks.to_deploy(home, name), ""), parse_config(settings))
    with step("virtual machine") as note:
        found = lifecycle.start(home, kind, note)
        note(str(found))


def environment() -> dict[str, str]:
    """The environment of a command in the virtual machine."""
    from podnet.lab.machine.boot import bytecode  # noqa: PLC0415  # see above

    own = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or name.startswith("PODNET_")
    }
    own.pop("PODNET_LAB", None)
    return {"PATH": PATH, "HOME": str(Path.home()), **own, **bytecode.environment()}
