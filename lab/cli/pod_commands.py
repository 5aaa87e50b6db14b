"""Commands on pods: add, rm, exec."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lab.cli.app import NodeArgument, StackOption, app
from lab.cli.cluster_commands import one_node, stack_nodes
from lab.cli.console import out
from lab.errors import LabError
from lab.pods import Pod, Pods

pod = typer.Typer(help="Pods of the lab.", no_args_is_help=True)
app.add_typer(pod, name="pod")

PodArgument = Annotated[str, typer.Argument(metavar="POD", help="A pod, such as pod-1a.")]


@pod.command()
def add(node: NodeArgument, name: PodArgument, stack: StackOption = "lab") -> None:
    """Start a pod on a node, attached by the plugins of the node's conflist."""
    made = Pods(one_node(stack, node)).add(name)
    out.print(f"{made.name} has {made.address} on {node}")


@pod.command()
def rm(name: PodArgument, stack: StackOption = "lab") -> None:
    """Detach and remove a pod."""
    node, _ = _find(stack, name)
    node.remove(name)


@pod.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    name: PodArgument,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD")],
    stack: StackOption = "lab",
) -> None:
    """Run a command in a pod's network, with the node's files."""
    _, found = _find(stack, name)
    argv = found.command(*command)
    os.execvp(argv[0], argv)


def _find(stack: str, name: str) -> tuple[Pods, Pod]:
    names = []
    for node in stack_nodes(stack)[1]:
        runtime = Pods(node)
        for item in runtime.list():
            if item.name == name:
                return runtime, item
            names.append(item.name)
    raise LabError(f"there is no pod {name!r}; there are: {', '.join(names) or 'none'}")
