"""One resource of each type, what may change in it, and what makes it another resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
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
INSTANCE = "aws:ec2/instance:Instance"
PARAMETER = "aws:ssm/parameter:Parameter"

TAGS = {"Name": "one", "podnet:stack": "test"}
OTHER_TAGS = {"Name": "two"}
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
class World:
    """What the samples stand on."""

    vpc: Any
    other_vpc: Any
    subnet: Any
    other_subnet: Any
    table: Any
    other_table: Any
    group: Any
    other_group: Any
    role: Any
    instance: Any
    image: str
    policy: str


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
        INSTANCE,
        lambda w: instance(w, "192.168.1.20"),
        lambda w: {
            "tags": OTHER_TAGS,
            "instanceType": "t3.large",
            "sourceDestCheck": True,
            "vpcSecurityGroupIds": [w.other_group.id],
            "rootBlockDevice": {
                "volumeType": "gp3",
                "encrypted": True,
                "volumeSize": 20,
                "tags": OTHER_TAGS,
            },
            "metadataOptions": {
                "httpTokens": "required",
                "httpPutResponseHopLimit": 2,
                "instanceMetadataTags": "enabled",
            },
            "userDataReplaceOnChange": False,
        },
        lambda w: {
            "ami": "ami-other",
            "subnetId": w.other_subnet.id,
            "keyName": "other",
            "privateIp": "192.168.1.21",
            "associatePublicIpAddress": False,
            "userData": "#cloud-config\n{other: true}\n",
            "rootBlockDevice": {"volumeType": "gp3", "encrypted": False},
        },
        frozenset(
            {
                "arn",
                "primaryNetworkInterfaceId",
                "publicIp",
                "privateDns",
                "availabilityZone",
                "instanceState",
                "tagsAll",
            }
        ),
    ),
]


def instance(world: World, address: str) -> dict[str, Any]:
    """The inputs of an instance as the program makes it."""
    return {
        "ami": world.image,
        "instanceType": "t3.small",
        "subnetId": world.subnet.id,
        "privateIp": address,
        "vpcSecurityGroupIds": [world.group.id],
        "associatePublicIpAddress": True,
        "sourceDestCheck": False,
        "userData": "#cloud-config\n{}\n",
        "userDataReplaceOnChange": True,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "enabled",
        },
        "rootBlockDevice": {"volumeType": "gp3", "encrypted": True, "tags": TAGS},
        "tags": TAGS,
    }
