"""Flow logs of the VPC: the log group that they are written to, and the role that writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import partition
from podnet.components.tags import named
from podnet.plan import flow_logs


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowLogsArgs:
    """Arguments of `FlowLogs`."""

    stack: str
    """Name of the stack."""
    vpc: aws.ec2.Vpc
    """The VPC whose flows are recorded."""
    traffic_type: str
    """Which flows, as EC2 says it: `REJECT`, `ALL`."""
    retention_days: int
    """Days for which records are kept."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class FlowLogs(pulumi.ComponentResource):
    """Records of flows at every interface of the VPC; they are deleted with the component."""

    group: pulumi.Output[str]
    """The name of the log group."""

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("podnet:index:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = named(args.tags, name)
        group = aws.cloudwatch.LogGroup(
            name,
            name=flow_logs.group(args.stack),
            retention_in_days=args.retention_days,
            tags=tags,
            # The VPC is what is refused in a second state of a stack.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.vpc]),
        )
        role = aws.iam.Role(
            name,
            assume_role_policy=_trust(args.vpc),
            description="Flow logs of podnet",
            tags=tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=group.arn.apply(_policy), opts=child
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc.id,
            traffic_type=args.traffic_type,
            iam_role_arn=role.arn,
            log_destination=group.arn,
            log_format=flow_logs.FORMAT,
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                # A flow log that could not be written at first may stay so for good
                # (terraform-aws-modules/terraform-aws-vpc#1262).
                depends_on=[policy],
                # EC2 knows no change of a flow log, and refuses a second one like it to one
                # destination (EC2 API guide, "Error codes", FlowLogAlreadyExists).
                delete_before_replace=True,
            ),
        )
        self.group = group.name
        self.register_outputs({"group": self.group})


def _trust(vpc: aws.ec2.Vpc) -> pulumi.Output[str]:
    """Who may act in the role: the service, for flow logs of this account and region alone.

    AWS's page of the role has these conditions, against the confused deputy, and a star where the
    id of the flow log, which is made after its role, is not known.
    """
    of = partition.look_up()
    return pulumi.Output.all(owner=vpc.owner_id, region=vpc.region).apply(
        lambda known: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": flow_logs.SERVICE},
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": known["owner"]},
                            "ArnLike": {
                                "aws:SourceArn": f"arn:{of}:ec2:{known['region']}:"
                                f"{known['owner']}:vpc-flow-log/*"
                            },
                        },
                    }
                ],
            }
        )
    )


def _policy(group: str) -> str:
    """What the role may do: write into the log group of this ARN, and not make another.

    AWS's page also has `logs:CreateLogGroup`. With it, records on their way make the group again
    after its end, without tags and for good (terraform-aws-modules/terraform-aws-vpc#435).
    The ARNs of streams begin with the group's, and to describe groups takes no narrower resource
    (Service Authorization Reference, "Amazon CloudWatch Logs").
    """
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    "Resource": f"{group}:*",
                },
                {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
            ],
        }
    )
