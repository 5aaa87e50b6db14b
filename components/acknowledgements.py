"""The SSM parameters in which nodes say what they have applied (ADR 43)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import partition
from podnet.components.tags import named
from podnet.plan import acknowledgement
from podnet.plan.nodes import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class AcknowledgementsArgs:
    """Arguments of `Acknowledgements`."""

    stack: str
    """Name of the stack."""
    nodes: tuple[Node, ...]
    """The nodes as planned."""
    after: Sequence[pulumi.Resource] = ()
    """Resources that are made first, as the VPC, which is refused in a second state of a stack."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Acknowledgements(pulumi.ComponentResource):
    """A parameter for each node, and the policy to write them.

    A node must be gone before its parameter is: it would make another one, without the stack's
    tags, which nobody deletes. So its instance depends on it.
    """

    parameters: Mapping[str, aws.ssm.Parameter]
    """The parameter of each node, by the name of the node."""
    policy: str
    """IAM policy of every node."""

    def __init__(
        self, name: str, args: AcknowledgementsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("podnet:index:Acknowledgements", name, None, opts)
        self.parameters = {
            node.name: aws.ssm.Parameter(
                f"{name}-{node.zone.name}-{node.name}",
                name=acknowledgement.parameter(args.stack, node.name),
                type="String",
                value=acknowledgement.UNWRITTEN,
                tags=named(args.tags, f"{name}-{node.name}"),
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=args.after, ignore_changes=["value"]
                ),
            )
            for node in args.nodes
        }
        # All of them by one star: the names of 1,000 would not fit in the policies of a role,
        # which take 10,240 characters (IAM User Guide, "IAM and AWS STS quotas").
        named_by = f"arn:{partition.look_up()}:ssm:*:*:parameter"
        self.policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "ssm:PutParameter",
                        "Resource": named_by + acknowledgement.parameter(args.stack, "*"),
                    }
                ],
            }
        )
        self.register_outputs({"policy": self.policy})
