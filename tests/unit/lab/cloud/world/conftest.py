"""A stack in moto, built through the public API alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from podnet.lab.cloud.world.observe import observe
from podnet.world.model import RouteTable, World

REGION = "eu-central-1"


@dataclass
class Stack:
    """Ids of what stands in moto, and the client to change it."""

    ec2: Any
    vpc: str = ""
    subnet: str = ""
    gateway: str = ""
    table: str = ""
    group: str = ""

    def build(self) -> Stack:
        ec2 = self.ec2
        self.vpc = ec2.create_vpc(CidrBlock="192.168.1.0/24")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="192.168.1.0/24")["Subnet"][
            "SubnetId"
        ]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnet)
        self.group = ec2.create_security_group(
            GroupName="nodes", Description="nodes", VpcId=self.vpc
        )["GroupId"]
        return self

    def node(self, address: str = "192.168.1.11", **options: Any) -> dict[str, Any]:
        """Run an instance as the program does."""
        interface = {
            "DeviceIndex": 0,
            "SubnetId": self.subnet,
            "PrivateIpAddress": address,
            "AssociatePublicIpAddress": True,
            "Groups": [self.group],
        }
        answer: dict[str, Any] = self.ec2.run_instances(
            ImageId="ami-12345678",
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
            **options,
        )["Instances"][0]
        return answer

    def route(self, destination: str, **target: str) -> None:
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=destination, **target)


def seen(ec2: Any, iam: Any = None) -> World:
    """The world; only an instance with a profile needs a client of IAM."""
    return observe(ec2, iam)


def only(items: Iterable[Any]) -> Any:
    [item] = items
    return item


def eni_of(instance: Mapping[str, Any]) -> str:
    return only(instance["NetworkInterfaces"])["NetworkInterfaceId"]


def table_of(world: World, stack: Stack) -> RouteTable:
    return only(table for table in world.route_tables if table.id == stack.table)


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """One client a module, as the first costs two seconds; each test gets an empty cloud."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "none")
        with mock_aws():
            yield boto3.client("ec2", region_name=REGION)


@pytest.fixture
def stack(moto: Any) -> Stack:
    get_backend("ec2")[DEFAULT_ACCOUNT_ID][REGION].reset()
    return Stack(moto).build()


@pytest.fixture
def ec2(stack: Stack) -> Any:
    return stack.ec2


@pytest.fixture
def iam(moto: Any) -> Any:  # moto must be on
    return boto3.client("iam", region_name=REGION)
