"""Commands that deploy: up, preview, refresh, destroy, down."""

from __future__ import annotations

from lab.cli import cluster, deploy
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
from lab.cli.cluster_commands import show
from lab.cli.console import err, out, step
from lab.cli.deploy import EngineKind
from lab.cloud import control
from lab.engine import Summary
from lab.engine.lock import locked

UP_SECONDS = 600.0


@app.command()
def up(
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    config: ConfigOption = [],  # noqa: B006 - Typer copies it
) -> None:
    """Deploy the stack, wait for its nodes, start pods and prove every pair."""
    given = overrides(config)
    home = open_home()
    # A second `up` would otherwise start the same pods.
    with locked(home.directory / "up", UP_SECONDS):
        endpoint = start_cloud(home)
        deploy.remember(home, stack, engine)
        with step(f"stack {stack}") as note:
            summary = deploy.engine(home, stack, engine, endpoint, note=note, config=given).up()
            note(deploy.in_words(summary))
        client = cluster.ec2(endpoint, deploy.region(stack))
        wanted = {name: node["instanceId"] for name, node in summary.outputs["nodes"].items()}
        with step(f"nodes {', '.join(wanted)}") as note:
            nodes = cluster.wait_ready(home, client, wanted, note)
            note("ready")
        with step("pods") as note:
            pods = cluster.ensure_pods(nodes)
            note(f"{len(pods)} on {len(nodes)} nodes")
        with step("packets between all pairs") as note:
            matrix = cluster.prove(home, nodes, pods)
            note(f"{matrix.passed} of {matrix.pairs} pairs passed")
    show(matrix, nodes, pods, summary.outputs)
    if matrix.failed:
        raise SystemExit(1)


@app.command()
def preview(
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
    config: ConfigOption = [],  # noqa: B006 - Typer copies it
) -> None:
    """Show what `up` would change."""
    given = overrides(config)
    home = open_home()
    chosen = deploy.engine(home, stack, engine, start_cloud(home), config=given)
    with step(f"preview of stack {stack}"):
        summary = chosen.preview()
    _tell(summary)


@app.command()
def refresh(stack: StackOption = "lab", engine: EngineOption = EngineKind.AUTO) -> None:
    """Read what really exists, so that the next `up` repairs what changed behind its back."""
    home = existing_home()
    chosen = deploy.engine(home, stack, engine, running_cloud(home))
    with step(f"refresh of stack {stack}"):
        summary = chosen.refresh()
    _tell(summary)


@app.command()
def destroy(stack: StackOption = "lab", engine: EngineOption = EngineKind.AUTO) -> None:
    """Delete every resource of the stack; the lab's cloud stays."""
    home = existing_home()
    with step(f"destroy stack {stack}") as note:
        summary = deploy.engine(home, stack, engine, running_cloud(home), note=note).destroy()
    _tell(summary)


@app.command()
def down() -> None:
    """Remove everything of the lab: instances, namespaces, mounts, processes and files."""
    home = open_home()
    with step("lab down"):
        control.down(home)


def _tell(summary: Summary) -> None:
    for line in deploy.describe(summary):
        out.print(line, soft_wrap=True)
    err.print(deploy.in_words(summary))
