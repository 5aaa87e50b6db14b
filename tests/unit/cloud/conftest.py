from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.home import PROJECT

REGION = "eu-central-1"


@dataclass(frozen=True)
class Network:
    """A VPC with one subnet, and the groups and tables that come with it."""

    vpc: str
    subnet: str
    table: str
    cidr: str


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    script = Path(__file__).parent / "serve_api.py"
    with subprocess.Popen([sys.executable, str(script)], cwd=PROJECT, stdin=subprocess.PIPE,
                          env={"PYTHONPATH": str(PROJECT)}, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


@pytest.fixture(scope="session")
def ec2(endpoint: str) -> Any:
    return boto3.client("ec2", region_name=REGION, endpoint_url=endpoint,
                        aws_access_key_id="lab", aws_secret_access_key="lab")


@pytest.fixture(scope="session")
def iam(endpoint: str) -> Any:
    return boto3.client("iam", region_name=REGION, endpoint_url=endpoint,
                        aws_access_key_id="lab", aws_secret_access_key="lab")


@pytest.fixture(scope="session")
def image(ec2: Any) -> str:
    found = ec2.describe_images(Owners=["136693071363"], Filters=[
        {"Name": "name", "Values": ["debian-12-amd64-*"]}])["Images"]
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
        request = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.small",
                   "NetworkInterfaces": [interface], **more}
        return ec2.run_instances(**request)["Instances"][0]

    return run
