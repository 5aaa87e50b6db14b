"""The statements of whoever deploys: which actions on which resources, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from podnet.components.roles import session_manager
from podnet.plan import flow_logs
from podnet.plan.tags import STACK

OWN = {"Null": {f"aws:ResourceTag/{STACK}": "false"}}
"""The resource has the tag that podnet gives to all of its own."""
NEW = {"Null": {f"aws:RequestTag/{STACK}": "false"}}
"""The call gives that tag to what it creates."""


def of_kinds(*kinds: str) -> tuple[str, ...]:
    """The ARNs of all resources of EC2 of these kinds."""
    return tuple(f"arn:*:ec2:*:*:{kind}/*" for kind in kinds)


def prefixed(service: str, names: str) -> tuple[str, ...]:
    """Actions of a service, whose names stand in one text."""
    return tuple(f"{service}:{name}" for name in names.split())


# The partition is a star, so that one file serves regions in China and GovCloud as well: every
# segment of an ARN but that of the service may hold one (IAM User Guide, "IAM JSON policy elements:
# Resource"), and of ArnLike all ("ARN condition operators").
EC2 = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]
"""The names under which EC2 takes a role (aws/aws-cli#8709: the first one everywhere; the second is
China's former one)."""
ROLES, PROFILES = "arn:*:iam::*:role/*", "arn:*:iam::*:instance-profile/*"
NETWORK = ("vpc", "subnet", "internet-gateway", "route-table", "security-group")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Actions that may be done on the same resources under the same conditions."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def document(self, wanted: frozenset[str]) -> dict[str, Any] | None:
        """The statement with those of its actions that are wanted; None where none is."""
        chosen = sorted(wanted & set(self.actions))
        if not chosen:
            return None
        written = {"Sid": self.sid, "Effect": "Allow", "Action": chosen}
        written["Resource"] = list(self.resources)
        return {**written, **({"Condition": self.condition} if self.condition else {})}


CREATING = prefixed(
    "ec2", "CreateVpc CreateSubnet CreateInternetGateway CreateRouteTable CreateSecurityGroup"
)
STATEMENTS = (
    Statement(
        # AWS restricts none of these to resources.
        sid="Read",
        actions=(
            *prefixed(
                "ec2",
                "DescribeAvailabilityZones DescribeIamInstanceProfileAssociations DescribeImages "
                "DescribeInstanceCreditSpecifications DescribeInstanceTypeOfferings "
                "DescribeInstanceTypes DescribeInstances DescribeInternetGateways "
                "DescribeNetworkAcls DescribeNetworkInterfaces DescribeRouteTables "
                "DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets DescribeTags "
                "DescribeVolumes DescribeVolumesModifications DescribeVpcs "
                "GetSubnetCidrReservations",
            ),
            "servicequotas:GetAWSDefaultServiceQuota",
            "servicequotas:GetServiceQuota",
            "ssm:DescribeParameters",
        ),
        resources=("*",),
    ),
    Statement(
        sid="ReadAttributes",
        actions=("ec2:DescribeInstanceAttribute", "ec2:DescribeVpcAttribute"),
        resources=of_kinds("instance", "vpc"),
    ),
    Statement(
        sid="CreateTagged",
        actions=(*CREATING, "ec2:RunInstances"),
        resources=of_kinds(*NETWORK, "instance"),
        condition=NEW,
    ),
    Statement(
        sid="CreateInOwnNetwork",
        actions=(*CREATING, "ec2:RunInstances"),
        resources=of_kinds("vpc", "subnet", "security-group"),
        condition=OWN,
    ),
    Statement(
        sid="LaunchWith",
        actions=("ec2:RunInstances",),
        resources=(*of_kinds("network-interface", "volume", "key-pair"), "arn:*:ec2:*::image/*"),
    ),
    Statement(
        sid="TagWhatIsCreated",
        actions=("ec2:CreateTags",),
        resources=of_kinds(*NETWORK, "security-group-rule", "instance"),
        condition={
            "StringEquals": {
                "ec2:CreateAction": [
                    *(each.removeprefix("ec2:") for each in CREATING),
                    "AuthorizeSecurityGroupEgress",
                    "AuthorizeSecurityGroupIngress",
                    "RunInstances",
                ]
            }
        },
    ),
    Statement(
        # The provider tags rules and volumes after it made them, and the VPC's default group,
        # which AWS makes without tags.
        sid="TagWhatHasNoTagYet",
        actions=("ec2:CreateTags",),
        resources=of_kinds("security-group", "security-group-rule", "volume"),
    ),
    Statement(
        # Of the default group before it has a tag; rules and interfaces are no podnet's by a tag.
        sid="RulesAndInterfaces",
        actions=prefixed(
            "ec2",
            "RevokeSecurityGroupEgress RevokeSecurityGroupIngress AuthorizeSecurityGroupEgress "
            "AuthorizeSecurityGroupIngress ModifyNetworkInterfaceAttribute "
            "ModifySecurityGroupRules",
        ),
        resources=of_kinds("security-group", "security-group-rule", "network-interface"),
    ),
    Statement(
        sid="ChangeOwn",
        actions=prefixed(
            "ec2",
            "AssociateIamInstanceProfile AssociateRouteTable AssociateVpcCidrBlock "
            "AttachInternetGateway CreateRoute "
            "CreateTags DeleteInternetGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup "
            "DeleteSubnet DeleteTags DeleteVpc DetachInternetGateway "
            "DisassociateIamInstanceProfile DisassociateRouteTable ModifyInstanceAttribute "
            "ModifyInstanceMetadataOptions ModifyNetworkInterfaceAttribute ModifySubnetAttribute "
            "ModifyVolume ModifyVpcAttribute ReplaceIamInstanceProfileAssociation ReplaceRoute "
            "ReplaceRouteTableAssociation StartInstances StopInstances TerminateInstances",
        ),
        resources=of_kinds(*NETWORK, "security-group-rule", "instance", "volume"),
        condition=OWN,
    ),
    Statement(
        # These calls name, or make, what bears no tag.
        sid="ReserveRanges",
        actions=prefixed(
            "ec2",
            "CreateSubnetCidrReservation DeleteSubnetCidrReservation DisassociateVpcCidrBlock",
        ),
        resources=("*",),
    ),
    Statement(
        sid="ReadRoles",
        actions=prefixed(
            "iam",
            "GetInstanceProfile GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListInstanceProfilesForRole ListRolePolicies",
        ),
        resources=(ROLES, PROFILES),
    ),
    Statement(
        sid="CreateRolesTagged",
        actions=prefixed("iam", "CreateInstanceProfile CreateRole TagInstanceProfile TagRole"),
        resources=(ROLES, PROFILES),
        condition=NEW,
    ),
    Statement(
        sid="ChangeOwnRoles",
        actions=prefixed(
            "iam",
            "AddRoleToInstanceProfile DeleteInstanceProfile DeleteRole DeleteRolePolicy "
            "DetachRolePolicy PutRolePolicy RemoveRoleFromInstanceProfile TagInstanceProfile "
            "TagRole UntagInstanceProfile UntagRole UpdateAssumeRolePolicy UpdateRole "
            "UpdateRoleDescription",
        ),
        resources=(ROLES, PROFILES),
        condition=OWN,
    ),
    Statement(
        sid="AttachSessionManager",
        actions=("iam:AttachRolePolicy",),
        resources=(ROLES,),
        condition={**OWN, "ArnLike": {"iam:PolicyARN": session_manager("*")}},
    ),
    Statement(
        sid="HandRolesToInstances",
        actions=("iam:PassRole",),
        resources=(ROLES,),
        condition={"StringEquals": {"iam:PassedToService": EC2}},
    ),
    Statement(
        sid="Parameters",
        actions=prefixed(
            "ssm",
            "AddTagsToResource DeleteParameter GetParameter GetParametersByPath "
            "ListTagsForResource PutParameter RemoveTagsFromResource",
        ),
        resources=("arn:*:ssm:*:*:parameter/podnet/*",),
    ),
)
"""What a deployment needs that has no flow logs."""

LOGGING = ("ec2:CreateFlowLogs",)
FLOW_LOGS = (
    Statement(
        # AWS restricts neither to resources.
        sid="Read",
        actions=("ec2:DescribeFlowLogs", "logs:DescribeLogGroups"),
        resources=("*",),
    ),
    Statement(
        sid="CreateTagged", actions=LOGGING, resources=of_kinds("vpc-flow-log"), condition=NEW
    ),
    Statement(sid="CreateInOwnNetwork", actions=LOGGING, resources=of_kinds("vpc"), condition=OWN),
    Statement(
        sid="TagWhatIsCreated",
        actions=("ec2:CreateTags",),
        resources=of_kinds("vpc-flow-log"),
        condition={"StringEquals": {"ec2:CreateAction": "CreateFlowLogs"}},
    ),
    Statement(
        sid="ChangeOwn",
        actions=prefixed("ec2", "CreateTags DeleteFlowLogs DeleteTags"),
        resources=of_kinds("vpc-flow-log"),
        condition=OWN,
    ),
    Statement(
        sid="HandRolesToFlowLogs",
        actions=("iam:PassRole",),
        resources=(ROLES,),
        condition={"StringEquals": {"iam:PassedToService": flow_logs.SERVICE}},
    ),
    Statement(
        # The star at the end stands for that of AWS's own ARNs as well: all of these but those of
        # tags end in one (CloudWatch Logs User Guide, "Overview of managing access permissions").
        sid="Groups",
        actions=prefixed(
            "logs",
            "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy ListTagsForResource "
            "PutRetentionPolicy TagResource UntagResource",
        ),
        resources=("arn:*:logs:*:*:log-group:/podnet/*",),
    ),
)
"""What one with flow logs needs besides: together they do not fit in one managed policy."""
