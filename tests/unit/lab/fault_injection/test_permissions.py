"""The whole program with the permissions of docs/iam, and with one of them missing."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from botocore.exceptions import ClientError

from docs import permissions
from podnet.account import acknowledgements, stacks
from podnet.account.session import client
from podnet.lab.clients import DEPLOYER
from podnet.lab.engines.embedded import EngineError
from podnet.lab.operations.fault_injection import deployer_policy
from podnet.lab.providers.aws.session import Session
from podnet.verify.choice import subject
from tests.refusals import refused
from tests.unit.lab.cloud.conftest import REGION
from tests.unit.lab.stack.test_cluster_program import ControlPlane

pytestmark = pytest.mark.slow

CLUSTER = {
    "podnet:kubernetes": "kubeadm",
    "podnet:routing": "overlay",
    "podnet:clusterTimeoutSeconds": "60",
    "podnet:protectControlPlane": "false",
}

OWN = [{"Name": "tag:podnet:stack", "Values": ["organization/podnet/dev"]}]


def without(policy, action):
    """The policy without one action."""
    left = deepcopy(policy)
    for statement in left["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    return left


def test_a_stack_lives_its_whole_life_with_the_permissions_of_docs(deployment):
    deployment.treat(policies=[deployer_policy()])
    deployment.client("ec2").create_key_pair(KeyName="ours")
    deployment.settings = {"podnet:keyName": "ours"}
    deployment.engine().up()
    for routing in ("overlay", "host-gw", "vpc-routes"):
        deployment.engine(routing=routing).up()
    deployment.engine(nodeCount="3", tags='{"team": "net"}').up()
    deployment.engine(nodeCount="3", tags='{"team": "net"}', roll='["node-2"]').up()
    deployment.engine().refresh()
    deployment.engine(sessionManager="false").up()
    deployment.engine().destroy()

    assert deployment.seen() <= permissions.wanted()
    assert {"ec2:CreateVpc", "ec2:TerminateInstances", "iam:DeleteRole"} <= deployment.seen()


def test_a_cluster_is_deployed_and_destroyed_with_the_permissions_of_docs(deployment):
    deployment.stack, deployment.settings = "kubernetes", CLUSTER
    control = ControlPlane(deployment.endpoint)
    control.start()
    try:
        deployment.treat(policies=[deployer_policy()])
        deployment.engine().up()
        _hold_role_policies(deployment)
        deployment.engine(nodeCount="1").up()
        deployment.engine(nodeCount="1").destroy()
    finally:
        control.over.set()
        control.join()

    assert deployment.seen() <= permissions.wanted()
    assert "ssm:DescribeParameters" in deployment.seen()


def _hold_role_policies(deployment):
    """The policies that the program made are inside those of docs, and need all of them."""
    iam, made = deployment.client("iam"), {}
    for role in iam.list_roles()["Roles"]:
        tags = {
            tag["Key"]: tag["Value"]
            for tag in iam.list_role_tags(RoleName=role["RoleName"])["Tags"]
        }
        made[tags["Name"].removeprefix("kubernetes-")] = [
            statement
            for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
            for statement in iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)[
                "PolicyDocument"
            ]["Statement"]
        ]
    root = f"/podnet/organization/podnet/{deployment.stack}"
    for kind in ("nodes", "control-plane"):
        file = json.loads((permissions.FOLDER / f"{kind}-cluster.json").read_text())
        assert _general(made[kind], root) == _general(file["Statement"], "/podnet/*")


def _general(statements, root):
    """Pairs of action and resource, without account, region, stack and number of a piece."""
    pairs = set()
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for arn in [resources] if isinstance(resources, str) else resources:
                name = arn.rpartition(root)[2]
                pairs.add((action, "/files" if name.startswith("/files/") else name))
    return pairs


@pytest.mark.parametrize("action", ["ec2:CreateRoute", "ec2:RunInstances", "iam:AttachRolePolicy"])
def test_a_missing_permission_is_named_and_the_next_up_goes_on(deployment, action):
    policy = deployer_policy()
    deployment.treat(policies=[without(policy, action)])

    with refused("aws-call-refused", EngineError) as caught:
        deployment.engine().up()

    said = str(caught.value)
    assert f"user/deployer is not authorized to perform: {action} on resource" in said
    deployment.treat(policies=[policy])
    deployment.engine().up()
    assert deployment.engine().up().changes == ()
    assert len(deployment.client("ec2").describe_vpcs(Filters=OWN)["Vpcs"]) == 1


def test_what_is_not_podnets_cannot_be_changed(deployment):
    ec2 = deployment.client("ec2")
    theirs = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    deployment.treat(policies=[deployer_policy()])
    session = Session(deployment.endpoint, REGION, (), 1)

    for call in (
        lambda: session.ec2.delete_vpc(VpcId=theirs),
        lambda: session.ec2.create_vpc(CidrBlock="10.8.0.0/16"),
        lambda: session.ec2.create_tags(Resources=[theirs], Tags=[{"Key": "a", "Value": "b"}]),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "UnauthorizedOperation"
    ec2.delete_vpc(VpcId=theirs)


@pytest.fixture
def as_deployer(deployment, monkeypatch, tmp_path):
    """The environment of a user whom the lab's API holds to policies."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployment.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", DEPLOYER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "lab")


@pytest.mark.usefixtures("as_deployer")
def test_an_account_is_proved_with_the_permissions_of_docs(deployment):
    deployment.engine().up()
    policy = json.loads((permissions.FOLDER / "verifier.json").read_text())
    deployment.treat(policies=[policy])

    found = stacks.find("dev", None, REGION)

    about = subject(found.world, found.vpc, None)
    values = acknowledgements.read(client("ssm", REGION), about.identity)
    assert about.prove().holds
    assert {*values} == {*about.expected}
    allowed = {*permissions.VERIFIER.actions, *permissions.SAID.actions}
    assert deployment.seen() <= allowed
    for action in allowed:
        # Which DHCP options a VPC has is asked only of one that has some.
        if action == "ec2:DescribeDhcpOptions":
            continue
        deployment.treat(policies=[without(policy, action)])
        with refused("permission-missing") as caught:
            stacks.find("dev", None, REGION)
            acknowledgements.read(client("ssm", REGION), about.identity)
        assert action in str(caught.value)
