"""An AWS account in moto, and stacks in it with the tags that the program gives."""

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.tags import NETWORK, NODE, NODES, ROUTING, STACK
from tests.unit.lab.cloud.world.conftest import Stack

REGION = "eu-central-1"
IDENTITY = "organization/podnet/dev"
SETTINGS = Settings(node_count=3, routing=RoutingMode.VPC_ROUTES)
USERS_OWN = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


def tags(ec2, resource, given):
    ec2.create_tags(Resources=[resource], Tags=[{"Key": k, "Value": v} for k, v in given.items()])


class Deployed(Stack):
    """What the program makes of `SETTINGS`, by the API alone."""

    def deploy(self, identity=IDENTITY):
        self.build()
        ec2, self.nodes = self.ec2, {}
        tags(ec2, self.vpc, {STACK: identity, NODES: "1-3"})
        ec2.authorize_security_group_ingress(
            GroupId=self.group,
            IpPermissions=[
                {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": self.group}]},
                {"IpProtocol": "-1", "IpRanges": [{"CidrIp": str(SETTINGS.pod_cidr)}]},
            ],
        )
        self.route("0.0.0.0/0", GatewayId=self.gateway)
        for number in (1, 2, 3):
            name = f"node-{number}"
            node = self.node(f"192.168.1.{10 + number}")
            self.nodes[name] = node["InstanceId"]
            eni = node["NetworkInterfaces"][0]["NetworkInterfaceId"]
            ec2.modify_network_interface_attribute(
                NetworkInterfaceId=eni, SourceDestCheck={"Value": False}
            )
            self.route(f"10.1.{number}.0/24", NetworkInterfaceId=eni)
            given = {
                STACK: identity,
                NODE: name,
                NETWORK: SETTINGS.fingerprint,
                ROUTING: SETTINGS.node_routing.tag(),
            }
            tags(ec2, node["InstanceId"], given)
        return self

    def untag(self, name, *keys):
        self.ec2.delete_tags(
            Resources=[self.nodes[name]], Tags=[{"Key": key} for key in keys] if keys else []
        )


@pytest.fixture(scope="module")
def moto():
    """One moto a module: it takes seconds to start."""
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


@pytest.fixture
def account(moto, monkeypatch, tmp_path):
    """EC2 of an empty account; the environment is that of a user who is logged in."""
    for name in USERS_OWN:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    get_backend("ec2")[DEFAULT_ACCOUNT_ID][REGION].reset()
    return moto


@pytest.fixture
def dev(account):
    """The account with one stack."""
    return Deployed(account).deploy()
