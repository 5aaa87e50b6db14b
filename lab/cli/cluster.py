"""From a deployed stack to its nodes, their pods and the verdict over all pairs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]

from lab.cli.console import Note
from lab.errors import LabError
from lab.fabric import INTERNET_HOST, Fabric
from lab.home import Home
from lab.instances.nodes import ready, running_nodes
from lab.node import Node
from lab.pods import Pod, Pods
from lab.probe import Endpoint, Matrix, probe

PODS_A_NODE = 2
READY_LIMIT = 60.0
POLL = 0.2


def ec2(endpoint: str, region: str) -> Any:  # noqa: ANN401  # boto3 has no static type
    """A client of the lab's own API."""
    return boto3.client(
        "ec2",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",  # noqa: S106 - the lab's API asks for some, and checks none
    )


def wait_ready(
    home: Home,
    client: Any,  # noqa: ANN401
    wanted: Mapping[str, str],
    note: Note,
) -> list[Node]:
    """The stack's nodes, once each has its agent at work.

    `wanted` is instance id by node name. Raises `LabError` with each late node's reason.
    """
    limit = time.monotonic() + READY_LIMIT
    while True:
        nodes = {node.instance_id: node for node in running_nodes(home, client)}
        late = {}
        for name, instance in wanted.items():
            reason = ready(nodes[instance]) if instance in nodes else "the instance is not running"
            if reason:
                late[name] = reason
        if not late:
            return [nodes[instance] for instance in wanted.values()]
        note(f"{len(wanted) - len(late)} of {len(wanted)} ready")
        if time.monotonic() > limit:
            lines = "\n".join(f"  - {name}: {reason}" for name, reason in late.items())
            raise LabError(
                f"{len(late)} of {len(wanted)} nodes not ready after {READY_LIMIT:.0f} s:\n"
                f"{lines}\ntheir consoles: {home.instances}/<instance id>/console.log"
            )
        time.sleep(POLL)


def ensure_pods(nodes: list[Node]) -> list[Pod]:
    """Every pod of these nodes, after each node has at least its two."""

    def fill(node: Node) -> list[Pod]:
        runtime = Pods(node)
        there = {pod.name for pod in runtime.list()}
        number = node.name.removeprefix("node-")
        for letter in "abcdefgh"[: max(0, PODS_A_NODE - len(there))]:
            if (name := f"pod-{number}{letter}") not in there:
                runtime.add(name)
        return runtime.list()

    with ThreadPoolExecutor() as pool:
        return [pod for pods in pool.map(fill, nodes) for pod in pods]


def renew_pods(nodes: list[Node]) -> list[Pod]:
    """The same pods, removed and added, as a change of their nodes' conflist asks for."""

    def renew(node: Node) -> list[Pod]:
        runtime = Pods(node)
        names = [pod.name for pod in runtime.list()]
        for name in names:
            runtime.remove(name)
        for name in names:
            runtime.add(name)
        return runtime.list()

    with ThreadPoolExecutor() as pool:
        return [pod for pods in pool.map(renew, nodes) for pod in pods]


def prove(home: Home, nodes: list[Node], pods: list[Pod]) -> Matrix:
    """Packets between all pairs, and the verdict."""
    endpoints = [*map(Endpoint.of_pod, pods), *map(Endpoint.of_node, nodes)]
    internet = Path("/run/netns") / Fabric(home).internet_namespace
    return probe(endpoints, internet, INTERNET_HOST)
