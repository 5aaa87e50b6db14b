"""Commands on pods: add, rm, exec."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lab.cli.app import NodeArgument, StackOption, app, existing_home
from lab.cli.cloud import running_cloud
from lab.cli.cluster_commands import one_node, stack_nodes
from lab.cli.console import out
from lab.cli.runtimes import only_bare, runtime
from lab.errors import LabError
from lab.pods import Pod, Pods

pod = typer.Typer(help="Pods of the lab.", no_args_is_help=True)
app.add_typer(pod, name="pod")

PodArgument = Annotated[str, typer.Argument(metavar="POD", help="A pod, such as pod-1a.")]


@pod.command()
def add(node: NodeArgument, name: PodArgument, stack: StackOption = "lab") -> None:
    """Start a pod on a node, attached by the plugins of the node's conflist."""
    home = existing_home()
    only_bare(home, stack, running_cloud(home))
    made = Pods(one_node(stack, node)).add(name)
    out.print(f"{made.name} has {made.address} on {node}")


@pod.command()
def rm(name: PodArgument, stack: StackOption = "lab") -> None:
    """Detach and remove a pod."""
    home = existing_home()
    only_bare(home, stack, running_cloud(home))
    Pods(_find(stack, name).node).remove(name)


@pod.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    name: PodArgument,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD")],
    stack: StackOption = "lab",
) -> None:
    """Run a command in a pod's network, with the node's files."""
    argv = _find(stack, name).command(*command)
    os.execvp(argv[0], argv)


def _find(stack: str, name: str) -> Pod:
    """The pod of this name, or of this label in the matrix."""
    home, nodes = stack_nodes(stack)
    pods = runtime(home, stack, running_cloud(home)).there(nodes)
    for pod in pods:
        if name in (pod.name, pod.label):
            return pod
    known = ", ".join(pod.label or pod.name for pod in pods) or "none"
    raise LabError(f"there is no pod {name!r}; there are: {known}")
