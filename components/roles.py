"""IAM roles of the nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import partition
from podnet.components.tags import named

SESSIONS_ALONE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                "Resource": "*",
            }
        ],
    }
)
"""What Session Manager itself needs (Systems Manager User Guide, "Create a custom IAM role for
Session Manager"). AWS's own policy also lets a node read every parameter of the account."""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
)


def session_manager(of: str | None = None) -> str:
    """The ARN of AWS's own policy for Session Manager in a partition, by default this one."""
    return f"arn:{of or partition.look_up()}:iam::aws:policy/AmazonSSMManagedInstanceCore"


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleArgs:
    """Arguments of `instance_profile`."""

    what: str
    """Kind of node, as in the name of the role."""
    session_manager: bool
    """Whether Session Manager can open a shell on such a node."""
    policies: Mapping[str, pulumi.Input[str]]
    """What else such a node may do, by the name of the policy."""
    extra: Sequence[str]
    """ARNs of policies of somebody else."""
    tags: Mapping[str, str]
    """Tags of every resource."""


def instance_profile(name: str, args: RoleArgs, parent: pulumi.Resource) -> aws.iam.InstanceProfile:
    """An instance profile with a least-privilege role.

    The engine writes the routes, so no node may change anything else in the account.
    """
    child = pulumi.ResourceOptions(parent=parent)
    tags = named(args.tags, args.what)
    role = aws.iam.Role(
        name, assume_role_policy=TRUST, description="Nodes of podnet", tags=tags, opts=child
    )
    policies: list[pulumi.Resource] = [
        aws.iam.RolePolicy(f"{name}-{key}", role=role.name, policy=policy, opts=child)
        for key, policy in args.policies.items()
    ]
    if args.session_manager and "cluster" in args.policies:
        aws.iam.RolePolicy(
            f"{name}-session-manager", role=role.name, policy=SESSIONS_ALONE, opts=child
        )
    elif args.session_manager:
        aws.iam.RolePolicyAttachment(
            f"{name}-session-manager", role=role.name, policy_arn=session_manager(), opts=child
        )
    for arn in args.extra:
        called = arn.partition(":policy/")[2].replace("/", "-")
        aws.iam.RolePolicyAttachment(
            f"{name}-extra-{called}", role=role.name, policy_arn=arn, opts=child
        )
    # An instance acts in its role from its first minute on.
    after_policies = pulumi.ResourceOptions(parent=parent, depends_on=policies)
    return aws.iam.InstanceProfile(name, role=role.name, tags=tags, opts=after_policies)


def allow(actions: Mapping[str, Sequence[aws.ssm.Parameter]]) -> pulumi.Output[str]:
    """A policy that allows each action on these parameters and on nothing else."""
    arns = {
        action: pulumi.Output.all(*(parameter.arn for parameter in parameters))
        for action, parameters in actions.items()
    }
    return pulumi.Output.all(**arns).apply(
        lambda known: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": action, "Resource": known[action]}
                    for action in actions
                ],
            }
        )
    )
