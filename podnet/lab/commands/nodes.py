"""Commands on nodes and their pods: exec, and add, rm, exec of pods."""

from __future__ import annotations

import os

import click

from podnet.errors import UserError
from podnet.lab.commands.options import (
    command_argument,
    deployed_stack,
    node_argument,
    stack_option,
)
from podnet.lab.nodes.pods import HostPort, Pod, Pods
from podnet.lab.stack.lab_stack import LabStack

commands = click.Group()
pod_argument = click.argument("name", metavar="POD", help="A pod, such as pod-1a.")


@commands.command("exec", context_settings={"ignore_unknown_options": True})
@node_argument
@command_argument
@stack_option
def execute_on_node(node: str, command: tuple[str, ...], stack: str | None) -> None:
    """Run a command on a node."""
    argv = deployed_stack(stack).node(node).command(*command)
    os.execvp(argv[0], argv)


@commands.group(no_args_is_help=True)
def pod() -> None:
    """Pods of the lab."""


@pod.command()
@node_argument
@pod_argument
@click.option(
    "--host-port",
    "host_ports",
    metavar="NODE_PORT:POD_PORT[/udp]",
    multiple=True,
    help="A port of the node that leads to the pod, such as 8080:80.",
)
@stack_option
def add(node: str, name: str, host_ports: tuple[str, ...], stack: str | None) -> None:
    """Start a pod on a node, attached by the plugins of the node's conflist."""
    ports = [HostPort.parse(text) for text in host_ports]
    chosen = deployed_stack(stack)
    chosen.require_bare()
    added = Pods(chosen.node(node)).add(name, ports)
    leading = f", and ports {', '.join(map(str, added.ports))} of the node" if ports else ""
    click.echo(f"{added.name} has {added.address} on {node}{leading}")


@pod.command()
@pod_argument
@stack_option
def rm(name: str, stack: str | None) -> None:
    """Detach and remove a pod."""
    chosen = deployed_stack(stack)
    chosen.require_bare()
    Pods(_find(chosen, name).node).remove(name)


@pod.command("exec", context_settings={"ignore_unknown_options": True})
@pod_argument
@command_argument
@stack_option
def execute(name: str, command: tuple[str, ...], stack: str | None) -> None:
    """Run a command in a pod's network, with the node's files."""
    argv = _find(deployed_stack(stack), name).command(*command)
    os.execvp(argv[0], argv)


def _find(stack: LabStack, name: str) -> Pod:
    """The pod of this name, or of this label in the matrix."""
    pods = stack.pods().running(stack.nodes())
    for pod in pods:
        if name in (pod.name, pod.label):
            return pod
    known = ", ".join(pod.label or pod.name for pod in pods) or "none"
    raise UserError(f"there is no pod {name!r}; there are: {known}", rule="pod-unknown")
