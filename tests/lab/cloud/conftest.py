"""One cloud with two instances for the tests that change little; a maker of others for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.home import Home
from podnet.lab.images.debian import ensure
from podnet.lab.nodes.discovery import running_nodes
from podnet.lab.nodes.node import Node

REGION = "eu-central-1"
USER_DATA = """#cloud-config
runcmd:
  - [sh, -c, "echo once >>/root/ran; cat /proc/sys/kernel/random/boot_id >/root/first-boot"]
"""
BOOT_SECONDS = 60


@dataclass(frozen=True)
class Cloud:
    """A running cloud, and one subnet in it that leads to the internet."""

    home: Home
    ec2: Any
    iam: Any
    subnet: str
    image: str

    def launch(self, address: str, name: str, **more: Any) -> str:
        request: dict[str, Any] = {
            "ImageId": self.image,
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.small",
            "UserData": USER_DATA,
            "MetadataOptions": {
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
                "InstanceMetadataTags": "enabled",
            },
            "NetworkInterfaces": [
                {
                    "DeviceIndex": 0,
                    "SubnetId": self.subnet,
                    "PrivateIpAddress": address,
                    "AssociatePublicIpAddress": True,
                }
            ],
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "podnet:node", "Value": name}]}
            ],
            **more,
        }
        instance_id: str = self.ec2.run_instances(**request)["Instances"][0]["InstanceId"]
        return instance_id

    @staticmethod
    def until(look: Callable[[], Any], what: str, seconds: float = BOOT_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.05)
        return found

    def find(self, name: str) -> Node | None:
        return next(
            (node for node in running_nodes(self.home, self.ec2) if node.name == name), None
        )

    def node(self, name: str, other_than: int | None = None) -> Node:
        """The node, once it runs; `other_than` is the process id of a boot that is over."""
        return self.until(
            lambda: (node := self.find(name)) and node.pid != other_than and node, f"{name} runs"
        )

    def booted(self, name: str, other_than: int | None = None) -> Node:
        """The node, once cloud-init has finished."""
        node = self.node(name, other_than)
        node.run("cloud-init", "status", "--wait", timeout=BOOT_SECONDS)
        return node

    def api_state(self, instance_id: str) -> str:
        found = self.ec2.describe_instances(InstanceIds=[instance_id])
        state: str = found["Reservations"][0]["Instances"][0]["State"]["Name"]
        return state


def make_cloud(directory: Path) -> Cloud:
    home = Home.open(directory)
    endpoint = lifecycle.start(home)
    ec2, iam = (
        boto3.client(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
        )
        for service in ("ec2", "iam")
    )
    images = ec2.describe_images(
        Owners=["136693071363"], Filters=[{"Name": "name", "Values": ["debian-12-amd64-*"]}]
    )["Images"]
    vpc = ec2.create_vpc(CidrBlock="172.20.4.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="172.20.4.0/24", AvailabilityZone=f"{REGION}a")[
        "Subnet"
    ]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return Cloud(home, ec2, iam, subnet, images[0]["ImageId"])


@pytest.fixture(scope="session", autouse=True)
def _image() -> None:
    ensure(Home.open().image)


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Callable[[str], Cloud]]:
    """Makes clouds that end with the test."""
    made: list[Path] = []

    def make(name: str) -> Cloud:
        made.append(tmp_path / name)
        return make_cloud(tmp_path / name)

    yield make
    for directory in made:
        if directory.exists():
            lifecycle.down(Home.open(directory))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One cloud for all tests of the session, with the instances node-1 and node-2."""
    directory = tmp_path_factory.mktemp("cloud")
    try:
        shared = make_cloud(directory)
        shared.iam.create_role(RoleName="node", AssumeRolePolicyDocument="{}")
        shared.iam.create_instance_profile(InstanceProfileName="node")
        shared.iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")
        shared.launch("172.20.4.11", "node-1", IamInstanceProfile={"Name": "node"})
        shared.launch("172.20.4.12", "node-2")
        yield shared
    finally:
        lifecycle.down(Home.open(directory))
