"""The command that makes nodes anew, one at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from lab.cli import cluster, deploy, kept
from lab.cli import nodes as nodes_of
from lab.cli.app import EngineOption, StackOption, app, existing_home
from lab.cli.cloud import running_cloud
from lab.cli.cluster_commands import show_proof
from lab.cli.console import out, step
from lab.cli.deploy import EngineKind
from lab.cli.proof import Proof, Target
from lab.cli.runtimes import Clustered, runtime
from lab.cli.stack_commands import UP_SECONDS
from lab.engine import Summary
from lab.engine.lock import locked
from lab.errors import LabError
from plan.kubernetes import CONTROL_PLANE

INSTANCE = "aws:ec2/instance:Instance"


@app.command()
def roll(
    nodes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NODE]...", help="Nodes such as node-1; all older ones if none."),
    ] = None,
    stack: StackOption = "lab",
    engine: EngineOption = EngineKind.AUTO,
) -> None:
    """Make nodes with older files, image or type anew, one at a time, the matrix green between."""
    home = existing_home()
    with locked(home.directory / "up", UP_SECONDS):
        target = Target(home, stack, engine, running_cloud(home))
        # Also what an interrupted roll has left: a node that was taken away is made here.
        proof = sound(target.prove(target.up(tell=False)), "before any node was touched")
        rolled = spared(target, due(target, nodes or []), nodes or [])
        for name, why in rolled.items():
            out.print(f"{name}: older {' and '.join(why)}")
            proof = roll_one(target, name)
    if not rolled:
        out.print("every node was made with the files, image and type of now; nothing to roll")
    show_proof(proof)


def due(target: Target, named: Sequence[str]) -> dict[str, list[str]]:
    """The nodes to be made anew and what of each is older; of those named, or of all."""
    client = cluster.ec2(target.endpoint, deploy.region(target.stack))
    settings = kept.settings(target.home, target.stack)
    newest = nodes_of.Newest.of(client, settings, target.stack)
    there = nodes_of.made(client, target.stack)
    if strange := [name for name in named if name not in there]:
        raise LabError(
            f"stack {target.stack} has no node {', '.join(strange)}; it has {', '.join(there)}"
        )
    older = {name: newest.older(made) for name, made in there.items()}
    return {name: why for name, why in older.items() if why and (not named or name in named)}


def spared(
    target: Target, rolled: dict[str, list[str]], named: Sequence[str]
) -> dict[str, list[str]]:
    """The same without the control plane of a cluster: all that the cluster knows is on it."""
    clustered = isinstance(runtime(target.home, target.stack, target.endpoint), Clustered)
    first = f"node-{CONTROL_PLANE}"
    if not clustered or first not in rolled:
        return rolled
    why = (
        f"{first} is older too, and is left as it is: it is the control plane, and made anew it "
        "would be one of another cluster, which no node has joined; `podnet destroy` and "
        "`podnet up` make that cluster"
    )
    if first in named:
        raise LabError(why)
    out.print(why, style="yellow", markup=False)
    return {name: older for name, older in rolled.items() if name != first}


def roll_one(target: Target, name: str) -> Proof:
    """Make one node anew and prove all pairs; raises `LabError` where one fails."""
    of = runtime(target.home, target.stack, target.endpoint)
    anew = {"podnet:roll": json.dumps([name])}
    if isinstance(of, Clustered):
        # A deployment that will not be must not cost the cluster its node.
        if not _replaces(target.preview(anew), name):
            raise LabError(f"a deployment would not make {name} anew; nothing was changed")
        with step(f"{name} out of the cluster") as note:
            of.cluster.drain(name, note)
    summary = target.up(anew, tell=False)
    return sound(target.prove(summary), f"after {name} was made anew")


def _replaces(summary: Summary, name: str) -> bool:
    return any(
        each.op == "replace" and each.type == INSTANCE and each.name.endswith(f"-{name}")
        for each in summary.changes
    )


def sound(proof: Proof, when: str) -> Proof:
    """The proof, if it is green; raises `LabError` otherwise, so that nothing more is touched."""
    if failed := proof.matrix.failed:
        first = failed[0]
        raise LabError(
            f"{when}, {len(failed)} checks fail, as {first.source} to {first.target}: "
            f"{first.reason}; no further node is touched. `podnet matrix` shows all, and "
            "`podnet roll` goes on from here"
        )
    return proof
