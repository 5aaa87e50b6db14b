"""Verification of a deployment: its nodes ready, its pods running, packets between all pairs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.engines.report import Summary
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod
from podnet.lab.operations.readiness import wait_ready
from podnet.lab.stack.expected import probe
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.pods import ClusterPods, StackPods
from podnet.probe import Check, Matrix

NEW_MAC_SECONDS = 15.0
"""How long a peer may send to the MAC that a node's address had before, and some to spare."""
LEARNING_SECONDS = 60.0
"""How long another CNI may take until it knows a new node everywhere: kube-router looks every 10 s
what it masquerades, on nodes that have other work too."""
SERVICES_SECONDS = 60.0
"""How long kube-proxy and the cluster's DNS may lead to pods that are gone."""
SERVICE_CHECKS = (Check.SERVICE, Check.NAME)


@dataclass(frozen=True, slots=True)
class Verification:
    """A deployment, and the verdict on it."""

    summary: Summary
    nodes: list[Node]
    pods: list[Pod]
    matrix: Matrix


def verify(stack: LabStack, summary: Summary, *, replace_pods: bool = False) -> Verification:
    """Wait for the nodes, start or replace their pods, and send packets between all pairs."""
    wanted = {name: node["instanceId"] for name, node in summary.outputs["nodes"].items()}
    with step(f"nodes {', '.join(wanted)}") as note:
        nodes = wait_ready(stack.home, stack.ec2, wanted, note)
        note("ready")
    running = stack.pods()
    pods = _pods(running, nodes, replace=replace_pods)
    begun = time.monotonic()
    preset = stack.settings().preset
    others = preset.title if preset else None
    with step("packets between all pairs") as note:
        matrix = probe(stack, running, [*wanted], nodes, pods)
        while reason := _reason_to_repeat(matrix, summary, time.monotonic() - begun, others):
            note(f"once more: {reason}")
            matrix = probe(stack, running, [*wanted], nodes, pods)
        note(f"{matrix.passed} of {matrix.pairs} pairs passed")
    return Verification(summary, nodes, pods, matrix)


def require_green(verification: Verification, when: str) -> Verification:
    """The verification, if every check passed; raises `UserError` otherwise."""
    if failed := verification.matrix.failed:
        first = failed[0]
        raise UserError(
            f"{when}, {len(failed)} checks fail, as {first.source} to {first.target}: "
            f"{first.reason}; no further node is touched. `podnet matrix` shows all, and "
            "`podnet roll` goes on from here",
            rule="matrix-failing",
        )
    return verification


def _pods(running: StackPods, nodes: list[Node], *, replace: bool) -> list[Pod]:
    if isinstance(running, ClusterPods):
        with step("cluster") as note:
            running.wait_nodes(nodes, note)
            note(f"{len(nodes)} of {len(nodes)} nodes Ready")
    with step("replacement of all pods" if replace else "pods") as note:
        return running.replace(nodes, note) if replace else running.ensure(nodes, note)


def _reason_to_repeat(
    matrix: Matrix, summary: Summary, seconds: float, others: str | None
) -> str | None:
    """Why failed checks may still pass by themselves, `seconds` after the first probe.

    `others` is the name of another CNI that carries the pods.
    """
    if not matrix.failed:
        return None
    if seconds < NEW_MAC_SECONDS and _has_new_nodes(summary):
        return "peers may still use the MAC of a node that was here before"
    if others and seconds < LEARNING_SECONDS and _has_new_nodes(summary):
        return f"{others} may not know all new nodes yet"
    if seconds < SERVICES_SECONDS and all(each.check in SERVICE_CHECKS for each in matrix.failed):
        return "Services follow their pods with a delay"
    return None


def _has_new_nodes(summary: Summary) -> bool:
    return any(
        item.op in ("create", "replace") and item.type == "aws:ec2/instance:Instance"
        for item in summary.changes
    )
