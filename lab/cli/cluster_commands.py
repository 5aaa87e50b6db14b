"""Commands that look: matrix, status, exec."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from lab.cli import cluster, deploy
from lab.cli.app import JsonOption, NodeArgument, StackOption, app, existing_home
from lab.cli.cloud import running_cloud
from lab.cli.console import out, step
from lab.errors import LabError
from lab.home import Home
from lab.instances.nodes import ready, running_nodes
from lab.node import Node
from lab.pods import Pod, Pods
from lab.probe import Matrix
from lab.probe.table import MatrixTable


@app.command()
def matrix(stack: StackOption = "lab", *, as_json: JsonOption = False) -> None:
    """Send packets between all pairs of pods and nodes, and show the verdict."""
    home, nodes = stack_nodes(stack)
    pods = [pod for node in nodes for pod in Pods(node).list()]
    with step("packets between all pairs") as note:
        verdict = cluster.prove(home, nodes, pods)
        note(f"{verdict.passed} of {verdict.pairs} pairs passed")
    if as_json:
        typer.echo(json.dumps(verdict.to_json(), indent=2))
    else:
        out.print(MatrixTable(verdict))
    if verdict.failed:
        raise SystemExit(1)


@app.command()
def status(stack: StackOption = "lab") -> None:
    """Show the nodes, their agents and the lab's cloud."""
    home, nodes = stack_nodes(stack)
    table = _table("node", "instance", "address", "public address", "agent", "pods")
    for node in nodes:
        pods = "\n".join(f"{pod.name} {pod.address}" for pod in Pods(node).list())
        table.add_row(
            node.name,
            node.instance_id,
            str(node.address),
            str(node.public_address or "none"),
            ready(node) or "ready",
            pods or "none",
        )
    out.print(table)
    report = json.loads((home.directory / "status.json").read_text())
    out.print(f"cloud: {running_cloud(home)}, last error: {report.get('error') or 'none'}")


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


def show(verdict: Matrix, nodes: list[Node], pods: list[Pod], outputs: dict[str, Any]) -> None:
    """The matrix and the address table."""
    out.print(MatrixTable(verdict))
    table = _table("node", "zone", "address", "public address", "pod block", "pods")
    for node in nodes:
        of_plan = outputs["nodes"][node.name]
        table.add_row(
            node.name,
            of_plan["zone"],
            of_plan["privateIp"],
            of_plan["publicIp"],
            of_plan["podBlock"],
            "\n".join(f"{pod.name} {pod.address}" for pod in pods if pod.node.name == node.name),
        )
    out.print(table)


def _table(*headers: str) -> Table:
    """A table whose cells are never cut, so that addresses can be copied."""
    columns = (Column(header, overflow="fold") for header in headers)
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
