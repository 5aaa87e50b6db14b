"""Replacement of outdated nodes, one at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence

from podnet.cli.console import out, step
from podnet.errors import UserError
from podnet.lab.engines.errors import EngineError
from podnet.lab.engines.report import Summary
from podnet.lab.operations.deployment import preview, up
from podnet.lab.operations.verification import Verification, require_green, verify
from podnet.lab.stack.inventory import NodeRecord, Template, node_records
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.pods import ClusterPods
from podnet.plan.kubernetes import CONTROL_PLANE_NODE
from podnet.plan.outdated import outdated

INSTANCE = "aws:ec2/instance:Instance"


def outdated_nodes(stack: LabStack, named: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What is outdated of each node that is; of those named, or of all."""
    template = Template.of(stack)
    records = node_records(stack)
    if unknown := [name for name in named if name not in records]:
        raise UserError(
            f"stack {stack.name} has no node {', '.join(unknown)}; it has {', '.join(records)}",
            rule="roll-node-unknown",
        )
    found = {name: outdated(record, template) for name, record in records.items()}
    return {name: parts for name, parts in found.items() if parts and name in (named or found)}


def without_control_plane(
    stack: LabStack, nodes: dict[str, tuple[str, ...]], named: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The same nodes without the control plane of a cluster, whose state is on that node alone.

    Prints why it stays; raises `UserError` where it is named.
    """
    if CONTROL_PLANE_NODE not in nodes or not isinstance(stack.pods(), ClusterPods):
        return nodes
    error = UserError(
        f"{CONTROL_PLANE_NODE} is outdated too, and stays as it is: it is the control plane, "
        "and its replacement would be that of another cluster, which no node has joined; "
        "`podnet destroy` and `podnet up` make that cluster",
        rule="roll-control-plane",
    )
    if CONTROL_PLANE_NODE in named:
        raise error
    out.print(str(error), style="yellow", markup=False)
    return {name: parts for name, parts in nodes.items() if name != CONTROL_PLANE_NODE}


def roll_one(stack: LabStack, name: str) -> Verification:
    """Replace one node and verify all pairs; raises `UserError` where one fails."""
    pods = stack.pods()
    once = {"podnet:roll": json.dumps([name])}
    if isinstance(pods, ClusterPods):
        # A node leaves its cluster only for a deployment that replaces it.
        if not _replaces(preview(stack, once), name):
            raise UserError(
                f"a deployment would not replace {name}; nothing was changed",
                rule="roll-replaces-nothing",
            )
        with step(f"{name} out of the cluster") as note:
            pods.cluster.drain(name, note)
    former = node_records(stack).get(name)
    try:
        summary = up(stack, once, log=False)
    except EngineError as error:
        if former and name not in node_records(stack):
            raise lost(former, error) from error
        raise
    return require_green(verify(stack, summary), f"after {name} was replaced")


def lost(former: NodeRecord, error: EngineError) -> UserError:
    """For a node that was deleted, and whose replacement AWS refuses."""
    return UserError(
        f"{former.name} is deleted, and its replacement was refused: {error}\nIts address "
        f"{former.address} and its pod block stay its own, and it fails in `podnet matrix` until "
        "`podnet up` has created it. Repeat that once AWS can, or go back to what it had: `podnet "
        f"up -c instanceType={former.instance_type} -c imageId={former.image_id}`. Where its "
        "address is taken, `aws ec2 describe-network-interfaces --filters "
        f"Name=addresses.private-ip-address,Values={former.address}` names the owner",
        rule="roll-node-lost",
    )


def _replaces(summary: Summary, name: str) -> bool:
    return any(
        each.op == "replace" and each.type == INSTANCE and each.name.endswith(f"-{name}")
        for each in summary.changes
    )
