"""Commands that look: matrix, status, exec."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table

from lab.cli import cluster, deploy, kept, runtimes
from lab.cli import nodes as nodes_of
from lab.cli.app import JsonOption, NodeArgument, StackOption, app, existing_home
from lab.cli.cloud import running_cloud
from lab.cli.console import out, step
from lab.cli.kubernetes_commands import SILENT, members_table, pods_by_node
from lab.cli.proof import Proof
from lab.cli.runtimes import runtime
from lab.errors import LabError
from lab.home import Home
from lab.instances.nodes import ready, running_nodes
from lab.kubernetes.cluster import Cluster
from lab.node import Node
from lab.pods import Pods
from lab.probe.table import MatrixTable
from plan.settings import Settings


@app.command()
def matrix(stack: StackOption = "lab", *, as_json: JsonOption = False) -> None:
    """Send packets between all pairs of pods and nodes, and show the verdict."""
    home, nodes = stack_nodes(stack)
    of = runtime(home, stack, running_cloud(home))
    pods = of.there(nodes)
    with step("packets between all pairs") as note:
        verdict = of.prove(nodes, pods)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    if as_json:
        typer.echo(json.dumps(verdict.to_json(), indent=2))
    else:
        out.print(MatrixTable(verdict))
    if verdict.failed:
        raise SystemExit(1)


@app.command()
def status(stack: StackOption = "lab") -> None:
    """Show the nodes, how each routes and was made, and the lab's cloud."""
    home = existing_home()
    client = cluster.ec2(running_cloud(home), deploy.region(stack))
    settings = kept.settings(home, stack)
    newest = nodes_of.Newest.of(client, settings, stack)
    running = {node.instance_id: node for node in running_nodes(home, client, stack)}
    found = runtimes.cluster(home, stack, running_cloud(home))
    pods = _pods(found, list(running.values()))
    table = _table("node", "instance", "addresses", "routing", "made with", "agent", "pods")
    foreign = [*nodes_of.foreign_in_vpc(client, stack, settings)]
    for made in nodes_of.made(client, stack).values():
        node = running.get(made.instance_id)
        table.add_row(*_first_cells(made, node, newest), *_live_cells(made, node, pods))
        foreign += nodes_of.foreign_on_node(node, settings) if node else ()
    out.print(table)
    if found:
        _show_members(found, settings)
    for route in foreign:
        out.print(f"foreign route in the pod range, left alone: {route}", style="yellow")
    for key, value in kept.load(home, stack).items():
        out.print(f"kept for this lab: {key} = {value}")
    report = json.loads((home.directory / "status.json").read_text())
    out.print(
        f"cloud: {running_cloud(home)}, subnets of kind {home.fabric}, "
        f"last error: {report.get('error') or 'none'}"
    )


def _first_cells(
    made: nodes_of.Made, node: Node | None, newest: nodes_of.Newest
) -> tuple[str, str, str, str, str]:
    public = node.public_address if node else None
    went_by = nodes_of.routing_of(node) if node else made.routing
    routing = went_by.replace(" ", "\n", 1)
    if went_by != made.routing:
        routing += f"\n[yellow]told: {made.routing}[/]"
    older = newest.older(made)
    return (
        made.name,
        made.instance_id,
        f"{made.address}\n{public or 'no public one'}",
        routing,
        made.version
        + (" [yellow]older[/]" if "files" in older else "")
        + f"\n{made.image_id}"
        + ("\n[yellow]older[/]" if "image" in older else "")
        + f"\n{made.instance_type}"
        + (" [yellow]older[/]" if "instance type" in older else ""),
    )


def _live_cells(
    made: nodes_of.Made, node: Node | None, pods: Mapping[str, list[str]]
) -> tuple[str, str]:
    if node is None:
        return made.state, "none"
    return ready(node) or "ready", "\n".join(pods.get(made.name, ())) or "none"


def _pods(found: Cluster | None, nodes: list[Node]) -> Mapping[str, list[str]]:
    """The pods on each node, by its name, a line each."""
    if found is None:
        return {
            node.name: [f"{pod.name} {pod.address}" for pod in Pods(node).list()] for node in nodes
        }
    try:
        return pods_by_node(found)
    except SILENT:
        return {}


def _show_members(found: Cluster, settings: Settings) -> None:
    table = _table("Node object", "state", "kubelet", "podCIDR")
    try:
        members_table(found, settings, table)
    except SILENT as error:
        out.print(f"the cluster does not answer: {error}", style="yellow", markup=False)
    else:
        out.print(table)


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    node: NodeArgument,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD")],
    stack: StackOption = "lab",
) -> None:
    """Run a command on a node."""
    found = one_node(stack, node)
    os.execvp("nsenter", ["nsenter", "--target", str(found.pid), "--all", "--", *command])


def stack_nodes(stack: str) -> tuple[Home, list[Node]]:
    """The lab, and the running nodes of one stack in it."""
    home = existing_home()
    client = cluster.ec2(running_cloud(home), deploy.region(stack))
    nodes = running_nodes(home, client, stack)
    if not nodes:
        raise LabError(f"stack {stack} has no running node; `podnet up --stack {stack}` deploys it")
    return home, nodes


def one_node(stack: str, name: str) -> Node:
    """The node of this name."""
    nodes = {node.name: node for node in stack_nodes(stack)[1]}
    if name not in nodes:
        raise LabError(f"there is no running node {name!r}; running: {', '.join(nodes)}")
    return nodes[name]


def show_proof(proof: Proof) -> None:
    """The matrix and the address table; ends the command with 1 where a pair failed."""
    out.print(MatrixTable(proof.matrix))
    table = _table("node", "zone", "address", "public address", "pod block", "pods")
    for node in proof.nodes:
        of_plan = proof.summary.outputs["nodes"][node.name]
        mine = (pod for pod in proof.pods if pod.node.name == node.name)
        table.add_row(
            node.name,
            of_plan["zone"],
            of_plan["privateIp"],
            of_plan["publicIp"],
            of_plan["podBlock"],
            "\n".join(f"{pod.name} {pod.address}" for pod in mine),
        )
    out.print(table)
    if proof.matrix.failed:
        raise SystemExit(1)


def _table(*headers: str) -> Table:
    """A table whose cells are never cut, so that addresses can be copied."""
    columns = (Column(header, overflow="fold") for header in headers)
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
