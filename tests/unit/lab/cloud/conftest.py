from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from podnet.lab.clients import client
from podnet.lab.home import PROJECT
from podnet.world.model import Eni, Instance, SecurityGroup, Subnet, Vpc, World

REGION = "eu-central-1"


@dataclass(frozen=True)
class Network:
    """A VPC with one subnet, and the groups and tables that come with it."""

    vpc: str
    subnet: str
    table: str
    cidr: str


@pytest.fixture(scope="session")
def endpoints() -> Iterator[tuple[str, str]]:
    """Of the API, and of what instances see of it."""
    script = Path(__file__).parent / "serve_api.py"
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        env={"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        api, regional = (process.stdout.readline().strip() for _ in range(2))
        yield f"http://127.0.0.1:{api}", f"http://127.0.0.1:{regional}"
        process.terminate()


@pytest.fixture(scope="session")
def endpoint(endpoints: tuple[str, str]) -> str:
    return endpoints[0]


@pytest.fixture(scope="session")
def ec2(endpoint: str) -> Any:
    return client("ec2", endpoint, REGION)


@pytest.fixture(scope="session")
def iam(endpoint: str) -> Any:
    return client("iam", endpoint, REGION)


@pytest.fixture(scope="session")
def image(ec2: Any) -> str:
    found = ec2.describe_images(
        Owners=["136693071363"], Filters=[{"Name": "name", "Values": ["debian-12-amd64-*"]}]
    )["Images"]
    return max(found, key=lambda item: item["CreationDate"])["ImageId"]


@pytest.fixture
def network(ec2: Any) -> Network:
    cidr = "172.20.4.0/24"
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return Network(vpc, subnet, table, cidr)


@pytest.fixture
def launch(ec2: Any, image: str, network: Network):
    def run(address: str | None = "172.20.4.11", **more: Any) -> dict[str, Any]:
        interface: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": network.subnet}
        if address:
            interface["PrivateIpAddress"] = address
        request = {
            "ImageId": image,
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.small",
            "NetworkInterfaces": [interface],
            **more,
        }
        return ec2.run_instances(**request)["Instances"][0]

    return run


def make_world(address: str = "192.168.1.11", public_address: Any = None, **more: Any) -> World:
    """One instance, `i-1`, with these fields, in a VPC."""
    vpc = Vpc(id="vpc-1", cidr=IPv4Network("192.168.0.0/16"))
    subnet = Subnet(
        id="subnet-1", vpc_id=vpc.id, cidr=IPv4Network("192.168.1.0/24"), zone="eu-central-1a"
    )
    eni = Eni(
        id="eni-1",
        vpc_id=vpc.id,
        subnet_id=subnet.id,
        mac="02:00:00:00:00:11",
        address=IPv4Address(address),
        public_address=public_address,
        source_dest_check=False,
        group_ids=("sg-1",),
        instance_id="i-1",
    )
    values = {
        "id": "i-1",
        "state": "running",
        "eni_ids": (eni.id,),
        "image_id": "ami-1",
        "instance_type": "t3.small",
        "zone": subnet.zone,
        "region": "eu-central-1",
        "account": "123456789012",
        "reservation_id": "r-1",
        "launched": "2026-01-01T00:00:00Z",
        "private_name": "ip-192-168-1-11.eu-central-1.compute.internal",
        "hop_limit": 1,
        "tokens_required": True,
        "metadata_enabled": True,
        "metadata_tags": True,
        "profile_arn": None,
        "profile_id": None,
        "role": None,
        "tags": {"podnet:node": "node-1"},
    }
    return World(
        vpcs=(vpc,),
        subnets=(subnet,),
        security_groups=(SecurityGroup(id="sg-1", vpc_id=vpc.id, name="nodes"),),
        enis=(eni,),
        instances=(Instance(**values | more),),
    )


@pytest.fixture
def world():
    return make_world


@pytest.fixture
def instance():
    return lambda **more: make_world(**more).instances[0]
