"""What a preview says of nodes that are to be launched, which EC2 may refuse (ADR 37)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podnet.plan.kubernetes import CONTROL_PLANE_NODE
from podnet.plan.problem import Problem, Remark

WAY_BACK = (
    "Where EC2 refuses it (no capacity for the type, a taken address), the node is missing until a "
    "deployment succeeds: repeat it later, or set podnet:instanceType and podnet:imageId to what a "
    "lost node had, which `pulumi stack output nodes` goes on showing"
)


def stopped(ids: Mapping[str, str]) -> Remark:
    """For stopped instances, given by the name of the node."""
    return Remark(
        rule="nodes-stopped",
        text=f"stopped, and left so: {', '.join(ids)}; nothing reaches the pods there. To start "
        f"what is stopped: `aws ec2 start-instances --instance-ids {' '.join(ids.values())}`",
        is_warning=True,
    )


def protected() -> Problem:
    """For a deployment that would replace the protected control plane."""
    return Problem(
        rule="control-plane-protected",
        text=f"{CONTROL_PLANE_NODE} would be replaced, and podnet:protectControlPlane protects it: "
        "its disk holds the cluster. Leave the change out; or set podnet:protectControlPlane to "
        "false, deploy that alone, and then deploy the change, which begins with an empty cluster",
        about=("protectControlPlane",),
    )


def absent(names: Sequence[str], instance_type: str) -> Remark:
    """For planned nodes without an instance, in a stack that has others."""
    return Remark(
        rule="nodes-absent",
        text=f"created, since they have no instance: {', '.join(names)}, with instance type "
        f"{instance_type}. {WAY_BACK}",
    )
