"""IAM roles of the nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components.tags import named

SESSION_MANAGER = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleArgs:
    """Arguments of `instance_profile`."""

    what: str
    """Kind of node, as in the name of the role."""
    session_manager: bool
    """Whether Session Manager can open a shell on such a node."""
    cluster: pulumi.Input[str] | None
    """Policy for the parameters of the cluster, if such a node is in one."""
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
    policies: list[pulumi.Resource] = []
    if args.cluster is not None:
        policies.append(
            aws.iam.RolePolicy(f"{name}-cluster", role=role.name, policy=args.cluster, opts=child)
        )
    if args.session_manager and args.cluster is not None:
        aws.iam.RolePolicy(
            f"{name}-session-manager", role=role.name, policy=SESSIONS_ALONE, opts=child
        )
    elif args.session_manager:
        aws.iam.RolePolicyAttachment(
            f"{name}-session-manager", role=role.name, policy_arn=SESSION_MANAGER, opts=child
        )
    # An instance of a cluster acts in its role from its first minute on.
    after_policies = pulumi.ResourceOptions(parent=parent, depends_on=policies)
    return aws.iam.InstanceProfile(name, role=role.name, tags=tags, opts=after_policies)
