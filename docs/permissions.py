"""The policies of docs/iam: the actions of docs/provider-fidelity.md, on as little as AWS allows.

`python -m docs.permissions` writes the files; a test refuses one that is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docs.fidelity import EVENTS, actions, rows
from podnet.components.roles import SESSION_MANAGER, SESSIONS_ALONE
from podnet.plan.kubernetes import Parameters
from podnet.plan.tags import STACK

FOLDER = Path(__file__).with_name("iam")

OWN = {"Null": {f"aws:ResourceTag/{STACK}": "false"}}
"""The resource has the tag that podnet gives to all of its own."""
NEW = {"Null": {f"aws:RequestTag/{STACK}": "false"}}
"""The call gives that tag to what it creates."""


def _ec2(*kinds: str) -> tuple[str, ...]:
    return tuple(f"arn:aws:ec2:*:*:{kind}/*" for kind in kinds)


def _prefixed(service: str, names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names.split())


ROLES, PROFILES = "arn:aws:iam::*:role/*", "arn:aws:iam::*:instance-profile/*"
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


CREATING = _prefixed(
    "ec2", "CreateVpc CreateSubnet CreateInternetGateway CreateRouteTable CreateSecurityGroup"
)
STATEMENTS = (
    Statement(
        # AWS restricts none of these to resources.
        sid="Read",
        actions=(
            *_prefixed(
                "ec2",
                "DescribeAvailabilityZones DescribeIamInstanceProfileAssociations DescribeImages "
                "DescribeInstanceCreditSpecifications DescribeInstanceTypeOfferings "
                "DescribeInstanceTypes DescribeInstances DescribeInternetGateways "
                "DescribeNetworkAcls DescribeNetworkInterfaces DescribeRouteTables "
                "DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets DescribeTags "
                "DescribeVolumes DescribeVolumesModifications DescribeVpcs",
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
        resources=_ec2("instance", "vpc"),
    ),
    Statement(
        sid="CreateTagged",
        actions=(*CREATING, "ec2:RunInstances"),
        resources=_ec2(*NETWORK, "instance"),
        condition=NEW,
    ),
    Statement(
        sid="CreateInOwnNetwork",
        actions=(*CREATING, "ec2:RunInstances"),
        resources=_ec2("vpc", "subnet", "security-group"),
        condition=OWN,
    ),
    Statement(
        sid="LaunchWith",
        actions=("ec2:RunInstances",),
        resources=(*_ec2("network-interface", "volume", "key-pair"), "arn:aws:ec2:*::image/*"),
    ),
    Statement(
        sid="TagWhatIsCreated",
        actions=("ec2:CreateTags",),
        resources=_ec2(*NETWORK, "security-group-rule", "instance"),
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
        resources=_ec2("security-group", "security-group-rule", "volume"),
    ),
    Statement(
        # Of the default group before it has a tag; rules and interfaces are no podnet's by a tag.
        sid="RulesAndInterfaces",
        actions=_prefixed(
            "ec2",
            "RevokeSecurityGroupEgress RevokeSecurityGroupIngress AuthorizeSecurityGroupEgress "
            "AuthorizeSecurityGroupIngress ModifyNetworkInterfaceAttribute "
            "ModifySecurityGroupRules",
        ),
        resources=_ec2("security-group", "security-group-rule", "network-interface"),
    ),
    Statement(
        sid="ChangeOwn",
        actions=_prefixed(
            "ec2",
            "AssociateIamInstanceProfile AssociateRouteTable AttachInternetGateway CreateRoute "
            "CreateTags DeleteInternetGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup "
            "DeleteSubnet DeleteTags DeleteVpc DetachInternetGateway "
            "DisassociateIamInstanceProfile DisassociateRouteTable ModifyInstanceAttribute "
            "ModifyInstanceMetadataOptions ModifyNetworkInterfaceAttribute ModifySubnetAttribute "
            "ModifyVolume ModifyVpcAttribute ReplaceIamInstanceProfileAssociation ReplaceRoute "
            "ReplaceRouteTableAssociation StartInstances StopInstances TerminateInstances",
        ),
        resources=_ec2(*NETWORK, "security-group-rule", "instance", "volume"),
        condition=OWN,
    ),
    Statement(
        sid="ReadRoles",
        actions=_prefixed(
            "iam",
            "GetInstanceProfile GetRole GetRolePolicy ListAttachedRolePolicies "
            "ListInstanceProfilesForRole ListRolePolicies",
        ),
        resources=(ROLES, PROFILES),
    ),
    Statement(
        sid="CreateRolesTagged",
        actions=_prefixed("iam", "CreateInstanceProfile CreateRole TagInstanceProfile TagRole"),
        resources=(ROLES, PROFILES),
        condition=NEW,
    ),
    Statement(
        sid="ChangeOwnRoles",
        actions=_prefixed(
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
        condition={**OWN, "ArnEquals": {"iam:PolicyARN": SESSION_MANAGER}},
    ),
    Statement(
        sid="HandRolesToInstances",
        actions=("iam:PassRole",),
        resources=(ROLES,),
        condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    ),
    Statement(
        sid="Parameters",
        actions=_prefixed(
            "ssm",
            "AddTagsToResource DeleteParameter GetParameter ListTagsForResource PutParameter "
            "RemoveTagsFromResource",
        ),
        resources=("arn:aws:ssm:*:*:parameter/podnet/*",),
    ),
)


def wanted(*, cluster: bool) -> frozenset[str]:
    """The actions of every type and look-up; those of parameters only for a cluster."""
    return frozenset(
        action
        for row in rows()
        if row.table == "Permissions"
        for event in EVENTS
        for action in actions(row.subject)[event]
        if cluster or not action.startswith("ssm:")
    )


def policies() -> dict[str, dict[str, Any]]:
    """Every policy by the name of its file."""
    return {
        "deployer.json": _policy(_deployer(wanted(cluster=False))),
        "deployer-cluster.json": _policy(_deployer(wanted(cluster=True))),
        "nodes-cluster.json": _policy(_nodes()),
        "control-plane-cluster.json": _policy(_control_plane()),
    }


def text(policy: Mapping[str, Any]) -> str:
    """The policy as its file has it."""
    return json.dumps(policy, indent=2) + "\n"


def _policy(statements: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _deployer(asked: frozenset[str]) -> Iterator[dict[str, Any]]:
    placed = {action for statement in STATEMENTS for action in statement.actions}
    if asked - placed:
        raise ValueError(f"no statement of {__name__} has {', '.join(sorted(asked - placed))}")
    yield from filter(None, (statement.document(asked) for statement in STATEMENTS))


def _nodes() -> Iterator[dict[str, Any]]:
    yield _parameters("Read", "ssm:GetParameter", NAMES.join, FILES)
    yield from _sessions()


def _control_plane() -> Iterator[dict[str, Any]]:
    yield _parameters("Read", "ssm:GetParameter", NAMES.nodes, FILES)
    yield _parameters("Write", "ssm:PutParameter", NAMES.settled, NAMES.join, NAMES.kubeconfig)
    yield from _sessions()


NAMES = Parameters("*")
FILES = f"{NAMES.root}/files/*"


def _parameters(sid: str, action: str, *names: str) -> dict[str, Any]:
    resources = [f"arn:aws:ssm:*:*:parameter{name}" for name in names]
    return {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resources}


def _sessions() -> Iterator[dict[str, Any]]:
    for statement in json.loads(SESSIONS_ALONE)["Statement"]:
        yield {"Sid": "Sessions", **statement}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, policy in policies().items():
        (FOLDER / name).write_text(text(policy))
