"""Commands that deploy: up, preview, refresh, destroy, down."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli import deploy
from lab.cli.app import (
    ConfigOption,
    EngineOption,
    StackOption,
    app,
    existing_home,
    open_home,
    overrides,
)
from lab.cli.cloud import running_cloud, start_cloud
from lab.cli.cluster_commands import show_proof
from lab.cli.console import err, out, step
from lab.cli.deploy import EngineKind
from lab.cli.fabric import FabricKind, declare
from lab.cli.proof import Target
from lab.cloud import control
from lab.engine import Summary
from lab.engine.lock import locked

UP_SECONDS = 600.0


@app.command()
def up(
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    config: ConfigOption = [],  # noqa: B006 - Typer copies it
    fabric: Annotated[
        FabricKind | None,
        typer.Option(help="What subnets are: as in a VPC (the default), or plain switches."),
    ] = None,
) -> None:
    """Deploy the stack, wait for its nodes, start pods and prove every pair."""
    given = overrides(config)
    home = open_home()
    # A second `up` would otherwise start the same pods.
    with locked(home.directory / "up", UP_SECONDS):
        declare(home, fabric)
        target = Target(home, stack, engine, start_cloud(home))
        deploy.remember(home, stack, engine)
        proof = target.prove(target.up(given))
    show_proof(proof)


@app.command()
def preview(
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    config: ConfigOption = [],  # noqa: B006 - Typer copies it
) -> None:
    """Show what `up` would change."""
    given = overrides(config)
    home = open_home()
    tell_changes(Target(home, stack, engine, start_cloud(home)).preview(given))


@app.command()
def refresh(stack: StackOption = "lab", engine: EngineOption = EngineKind.AUTO) -> None:
    """Read what really exists, so that the next `up` repairs what changed behind its back."""
    home = existing_home()
    chosen = deploy.engine(home, stack, engine, running_cloud(home))
    with step(f"refresh of stack {stack}"):
        summary = chosen.refresh()
    tell_changes(summary)


@app.command()
def destroy(stack: StackOption = "lab", engine: EngineOption = EngineKind.AUTO) -> None:
    """Delete every resource of the stack; the lab's cloud stays."""
    home = existing_home()
    with step(f"destroy stack {stack}") as note:
        summary = deploy.engine(home, stack, engine, running_cloud(home), note=note).destroy()
    tell_changes(summary)


@app.command()
def down() -> None:
    """Remove everything of the lab: instances, namespaces, mounts, processes and files."""
    home = open_home()
    with step("lab down"):
        control.down(home)


def tell_changes(summary: Summary) -> None:
    """The changes of a run, a line each, and how many."""
    for line in deploy.describe(summary):
        out.print(line, soft_wrap=True)
    err.print(deploy.in_words(summary))
