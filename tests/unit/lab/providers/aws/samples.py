"""One resource of each type, what may change in it, and what makes it another resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.unit.lab.providers.aws import instances
from tests.unit.lab.providers.aws.instances import INSTANCE, instance
from tests.unit.lab.providers.aws.world import OTHER_TAGS, TAGS, World

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
SECONDARY_RANGE = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
RESERVATION = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
TAG = "aws:ec2/tag:Tag"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
EXCLUSIVE = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
PARAMETER = "aws:ssm/parameter:Parameter"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
)
READING = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
    '"Action": "ssm:GetParameter", "Resource": "*"}]}'
)
WRITING = READING.replace("Get", "Put")
OTHER_TRUST = TRUST.replace("ec2.", "ecs-tasks.")


@dataclass(frozen=True)
class Sample:
    """A resource type under test."""

    type: str
    inputs: Callable[[World], dict[str, Any]]
    updates: Callable[[World], dict[str, Any]] = field(default=lambda _: {})
    """Changes that leave the resource in place, each alone."""
    replaces: Callable[[World], dict[str, Any]] = field(default=lambda _: {})
    """Changes that make another resource of it, each alone."""
    outputs: frozenset[str] = frozenset()
    """Outputs that the program, or one who looks at it, reads."""
    outlives: bool = False
    """Deleting it deletes nothing: it only took something over."""


SAMPLES = [
    Sample(
        VPC,
        lambda _: {"cidrBlock": "10.9.0.0/16", "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS, "enableDnsHostnames": True, "enableDnsSupport": False},
        lambda _: {"cidrBlock": "10.8.0.0/16"},
        frozenset(
            {
                "arn",
                "ownerId",
                "mainRouteTableId",
                "defaultRouteTableId",
                "defaultSecurityGroupId",
                "defaultNetworkAclId",
                "tagsAll",
                "region",
            }
        ),
    ),
    Sample(
        SUBNET,
        lambda w: {
            "vpcId": w.vpc.id,
            "cidrBlock": "192.168.1.128/28",
            "availabilityZone": "eu-central-1b",
            "tags": TAGS,
        },
        lambda _: {"tags": OTHER_TAGS, "mapPublicIpOnLaunch": True},
        lambda w: {
            "vpcId": w.other_vpc.id,
            "cidrBlock": "192.168.1.144/28",
            "availabilityZone": "eu-central-1c",
        },
        frozenset({"arn", "ownerId", "availabilityZoneId", "tagsAll"}),
    ),
    Sample(
        SECONDARY_RANGE,
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "192.168.7.0/24"},
        replaces=lambda w: {"vpcId": w.other_vpc.id, "cidrBlock": "192.168.8.0/24"},
    ),
    Sample(
        RESERVATION,
        lambda w: {
            "subnetId": w.other_subnet.id,
            "cidrBlock": "192.168.1.96/28",
            "reservationType": "explicit",
        },
        replaces=lambda w: {
            "subnetId": w.subnet.id,
            "cidrBlock": "192.168.1.112/28",
            "reservationType": "prefix",
        },
        outputs=frozenset({"ownerId"}),
    ),
    Sample(
        GATEWAY,
        lambda w: {"vpcId": w.vpc.id, "tags": TAGS},
        lambda w: {"tags": OTHER_TAGS, "vpcId": w.other_vpc.id},
        outputs=frozenset({"arn", "ownerId", "tagsAll"}),
    ),
    Sample(
        TABLE,
        lambda w: {"vpcId": w.vpc.id, "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS},
        lambda w: {"vpcId": w.other_vpc.id},
        frozenset({"arn", "ownerId", "tagsAll"}),
    ),
    Sample(
        ROUTE,
        lambda w: {
            "routeTableId": w.table.id,
            "destinationCidrBlock": "10.1.7.0/24",
            "networkInterfaceId": w.instance["primaryNetworkInterfaceId"],
        },
        replaces=lambda w: {
            "routeTableId": w.other_table.id,
            "destinationCidrBlock": "10.1.8.0/24",
        },
        outputs=frozenset({"state", "origin"}),
    ),
    Sample(
        ASSOCIATION,
        lambda w: {"subnetId": w.subnet.id, "routeTableId": w.table.id},
        replaces=lambda w: {"subnetId": w.other_subnet.id},
    ),
    Sample(
        GROUP,
        lambda w: {"vpcId": w.vpc.id, "description": "for a test", "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS},
        lambda w: {"vpcId": w.other_vpc.id, "description": "other", "name": "other"},
        frozenset({"arn", "ownerId", "name", "tagsAll"}),
    ),
    Sample(
        DEFAULT_GROUP,
        lambda w: {"vpcId": w.vpc.id, "ingress": [], "egress": [], "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS},
        lambda w: {"vpcId": w.other_vpc.id},
        frozenset({"arn", "ownerId", "name", "tagsAll"}),
        outlives=True,
    ),
    Sample(
        INGRESS,
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "tcp",
            "fromPort": 22,
            "toPort": 22,
            "cidrIpv4": "10.0.0.0/8",
            "description": "SSH",
            "tags": TAGS,
        },
        lambda _: {
            "tags": OTHER_TAGS,
            "fromPort": 21,
            "cidrIpv4": "11.0.0.0/8",
            "description": "other",
            "ipProtocol": "udp",
        },
        lambda w: {"securityGroupId": w.other_group.id},
        frozenset({"arn", "securityGroupRuleId", "tagsAll"}),
    ),
    Sample(
        EGRESS,
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.group.id,
            "description": "self",
            "tags": TAGS,
        },
        lambda _: {"tags": OTHER_TAGS},
        lambda w: {"securityGroupId": w.other_group.id},
        frozenset({"arn", "securityGroupRuleId", "tagsAll"}),
    ),
    Sample(
        EXCLUSIVE,
        lambda w: {"securityGroupId": w.group.id, "ingressRuleIds": [], "egressRuleIds": []},
        replaces=lambda w: {"securityGroupId": w.other_group.id},
        outlives=True,
    ),
    Sample(
        TAG,
        lambda w: {"resourceId": w.vpc.id, "key": "podnet:mode", "value": "routes"},
        lambda _: {"value": "overlay"},
        lambda w: {"resourceId": w.other_vpc.id, "key": "other"},
    ),
    Sample(
        ROLE,
        lambda _: {"assumeRolePolicy": TRUST, "description": "nodes", "tags": TAGS},
        lambda _: {
            "tags": OTHER_TAGS,
            "description": "other",
            "maxSessionDuration": 7200,
            "assumeRolePolicy": OTHER_TRUST,
            "forceDetachPolicies": True,
        },
        lambda _: {"name": "other", "path": "/other/"},
        frozenset({"arn", "name", "uniqueId", "createDate", "tagsAll"}),
    ),
    Sample(
        ATTACHMENT,
        lambda w: {"role": w.role["name"], "policyArn": w.policy},
        replaces=lambda w: {"role": "other", "policyArn": w.policy + "-other"},
    ),
    Sample(
        ROLE_POLICY,
        lambda w: {"role": w.role["name"], "policy": READING},
        lambda _: {"policy": WRITING},
        lambda _: {"role": "other", "name": "other"},
        frozenset({"name"}),
    ),
    Sample(
        PARAMETER,
        lambda _: {
            "name": "/podnet/test/one",
            "type": "SecureString",
            "value": "hush",
            "tags": TAGS,
        },
        lambda _: {
            "tags": OTHER_TAGS,
            "value": "hush-hush",
            "description": "other",
            "tier": "Advanced",
            "allowedPattern": "[a-z-]+",
            "overwrite": True,
        },
        lambda _: {"name": "/podnet/test/two", "dataType": "aws:ec2:image"},
        frozenset({"arn", "version", "tier", "dataType", "tagsAll"}),
    ),
    Sample(
        PROFILE,
        lambda w: {"role": w.role["name"], "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS},
        lambda _: {"name": "other", "path": "/other/"},
        frozenset({"arn", "name", "uniqueId", "createDate", "tagsAll"}),
    ),
    Sample(
        FLOW_LOG,
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "REJECT",
            "iamRoleArn": w.role["arn"],
            "logDestination": "arn:aws:logs:eu-central-1:123456789012:log-group:/podnet/test",
            "logFormat": "${pkt-srcaddr} ${pkt-dstaddr}",
            "tags": TAGS,
        },
        lambda _: {"tags": OTHER_TAGS},
        lambda w: {
            "vpcId": w.other_vpc.id,
            "trafficType": "ALL",
            "iamRoleArn": w.role["arn"] + "-other",
            "logDestination": "arn:aws:logs:eu-central-1:123456789012:log-group:/other",
            "logFormat": "${pkt-srcaddr}",
        },
        frozenset({"arn", "logDestinationType", "maxAggregationInterval", "tagsAll"}),
    ),
    Sample(
        LOG_GROUP,
        lambda _: {"name": "/podnet/test", "retentionInDays": 14, "tags": TAGS},
        lambda _: {"tags": OTHER_TAGS, "retentionInDays": 30},
        lambda _: {"name": "/podnet/other"},
        frozenset({"arn", "tagsAll"}),
    ),
    Sample(
        INSTANCE,
        lambda w: instance(w, "192.168.1.20"),
        instances.updates,
        instances.replaces,
        instances.OUTPUTS,
    ),
]
