"""The nodes and pods that a stack must have, and the reason for each that is missing."""

from __future__ import annotations

from collections.abc import Sequence

from podnet.lab.nodes.discovery import why_not_ready
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod
from podnet.lab.stack.inventory import NodeRecord, node_records
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.pods import StackPods
from podnet.plan.nodes import planned_nodes
from podnet.probe import Matrix


def expected_nodes(stack: LabStack) -> list[str]:
    """Names of the nodes of the last deployment; by the settings where none has ended yet.

    An instance that the API lists counts as well: a deployment may have been interrupted.
    """
    planned = stack.engine().outputs().get("nodes")
    if not planned:
        planned = [node.name for node in planned_nodes(stack.settings())]
    return list(dict.fromkeys([*planned, *node_records(stack)]))


def absent_nodes(stack: LabStack) -> list[str]:
    """Names of the nodes that must exist and have no instance."""
    there = node_records(stack)
    return [name for name in expected_nodes(stack) if name not in there]


def probe(
    stack: LabStack, running: StackPods, wanted: Sequence[str], nodes: list[Node], pods: list[Pod]
) -> Matrix:
    """Packets between all pairs; a pair of a node or pod that must exist and does not fails."""
    matrix = running.probe(nodes, pods)
    return matrix.with_missing(missing(stack, running, wanted, nodes, pods))


def missing(
    stack: LabStack,
    running: StackPods,
    wanted: Sequence[str],
    nodes: Sequence[Node],
    pods: Sequence[Pod],
) -> dict[str, str]:
    """Labels of the nodes and pods that must exist and are not among these, with the reason."""
    by_name = {node.name: node for node in nodes}
    absent = [name for name in wanted if name not in by_name]
    records = node_records(stack) if absent else {}
    found = {name: why_not_running(name, records.get(name)) for name in absent}
    for name in wanted:
        lacking = running.missing(name, pods, found.get(name))
        if lacking and name in by_name and (reason := why_not_ready(by_name[name])):
            lacking = dict.fromkeys(lacking, f"{name} is not ready: {reason}")
        found |= {_unique(label, name, pods): why for label, why in lacking.items()}
    return found


def why_not_running(name: str, record: NodeRecord | None) -> str:
    """The reason for which a node has no process, from its instance as the API describes it."""
    if record is None:
        return f"{name} has no instance; `podnet up` creates it"
    return f"{name} has not booted" if record.state == "running" else f"{name} is {record.state}"


def _unique(label: str, node: str, pods: Sequence[Pod]) -> str:
    taken = {pod.label or pod.name for pod in pods}
    return f"{node}/{label}" if label in taken else label
