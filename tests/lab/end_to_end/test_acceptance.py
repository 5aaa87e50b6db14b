"""The acceptance run and its sweeper, by their command line, with the lab for the account."""

import json
from functools import partial

import pytest
from click.testing import CliRunner

from podnet.acceptance import __main__ as acceptance
from podnet.acceptance import run as running
from podnet.acceptance.leftovers import Account, find
from podnet.acceptance.names import PREFIX, TAG, identity_of, is_run, new_run, stack_of
from podnet.acceptance.steps import Wanted, steps
from podnet.lab.clients import client
from podnet.lab.cloud import lifecycle
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import RoutingMode
from podnet.plan.tags import STACK

pytestmark = pytest.mark.lab

REGION = "eu-central-1"
SHORT = {"way": (RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY), "rolled": ()}
RUNS = f"/{PREFIX}"


class RunStack(LabStack):
    """A stack without a file of its own: its settings are those of a step."""

    region = REGION


class Deployment:
    """Deploys a run by the lab's embedded engine, as `podnet up` does."""

    def __init__(self, lab, run):
        self.stack = RunStack(lab.home, stack_of(run), lab.stack.endpoint, EngineKind.EMBEDDED)
        self.stack.record()
        self.identity = self.stack.identity
        self.settings = {}

    def up(self, settings, _seconds):
        self.settings = settings
        self.stack.engine(once=settings).up()
        lifecycle.wait_until_applied(self.stack.home)

    def destroy(self, _seconds):
        self.stack.engine(once=self.settings).destroy()

    def versions(self):
        return {"engine": str(EngineKind.EMBEDDED)}


@pytest.fixture(scope="module")
def lab(make_lab):
    return make_lab()


@pytest.fixture
def neighbour(lab):
    """A VPC with a subnet, a table and a parameter of somebody else."""
    vpc = lab.ec2.create_vpc(CidrBlock="172.31.0.0/24")["Vpc"]["VpcId"]
    subnet = lab.ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.0.0/25")["Subnet"]["SubnetId"]
    tags = [{"Key": TAG, "Value": "mine"}, {"Key": STACK, "Value": identity_of("mine")}]
    lab.ec2.create_tags(Resources=[vpc, subnet], Tags=tags)
    yield vpc
    lab.ec2.delete_subnet(SubnetId=subnet)
    lab.ec2.delete_vpc(VpcId=vpc)


@pytest.fixture
def user(lab, monkeypatch, tmp_path):
    """Somebody whose account is the lab's; calls the command line; exit code and text."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": lab.stack.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anybody",
    }.items():
        monkeypatch.setenv(name, value)
    work = tmp_path / "work"

    def deployment(_project, folder, run):
        folder.mkdir(parents=True)
        return Deployment(lab, run)

    monkeypatch.setattr(running, "POLL", 1.0)
    monkeypatch.setattr(acceptance, "WORK", work)
    monkeypatch.setattr(acceptance, "PulumiStack", deployment)
    monkeypatch.setattr(acceptance, "require_pulumi", lambda: None)

    def call(*words):
        done = CliRunner().invoke(acceptance.cli, words)
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done.exit_code, done.output

    return call


def evidence_of(tmp_path):
    (file,) = tmp_path.glob("work/*/evidence.json")
    return json.loads(file.read_text())


def tagged(lab):
    """Every resource of EC2 with the tag of a run, and its roles and parameters, by their ids."""
    ec2 = lab.ec2
    instances = [
        each
        for group in ec2.describe_instances()["Reservations"]
        for each in group["Instances"]
        if each["State"]["Name"] != "terminated"
    ]
    rows = [
        *((each, "InstanceId") for each in instances),
        *((each, "VpcId") for each in ec2.describe_vpcs()["Vpcs"]),
        *((each, "SubnetId") for each in ec2.describe_subnets()["Subnets"]),
        *((each, "RouteTableId") for each in ec2.describe_route_tables()["RouteTables"]),
        *((each, "GroupId") for each in ec2.describe_security_groups()["SecurityGroups"]),
        *((each, "VolumeId") for each in ec2.describe_volumes()["Volumes"]),
        *(
            (each, "InternetGatewayId")
            for each in ec2.describe_internet_gateways()["InternetGateways"]
        ),
    ]
    iam = client("iam", lab.stack.endpoint, REGION)
    parameters = lab.stack.ssm.get_paginator("describe_parameters").paginate()
    return {
        *(row[id_] for row, id_ in rows if any(map(of_run, row.get("Tags", [])))),
        *(each["RoleName"] for each in iam.list_roles()["Roles"] if "nodes" in each["RoleName"]),
        *(each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]),
        *(
            each["Name"]
            for page in parameters
            for each in page["Parameters"]
            if RUNS in each["Name"]
        ),
    }


def of_run(tag):
    return tag["Key"] == TAG and is_run(tag["Value"])


def check(evidence, nodes, **more):
    """Every deployment, each with its proof and its matrix, and nothing left."""
    assert (evidence["result"], evidence["reason"], evidence["left"]) == ("passed", None, [])
    wanted = Wanted(run="x", region=REGION, nodes=nodes, instance_type="t3.small", **more)
    names = [
        f"{what}{step.name}"
        for step in steps(wanted)
        for what in ("", "proof after ", "matrix after ")
    ]
    assert [each["name"] for each in evidence["steps"]] == [
        *names,
        "destroy",
        "look for what is left",
    ]
    assert {each["result"] for each in evidence["steps"]} == {"passed"}
    ends = 3 * nodes
    for each in evidence["steps"]:
        if "matrix" in each:
            pairs = each["matrix"]["pairs"]
            assert (pairs, each["matrix"]["passed"]) == (ends * (ends - 1), pairs)
        if "proof" in each:
            assert each["proof"]["holds"] is True


def test_a_run_passes_and_leaves_nothing(lab, user, neighbour, monkeypatch, tmp_path):
    monkeypatch.setattr(acceptance, "Wanted", partial(Wanted, **SHORT))
    words = ("--ceiling", "5", "--hourly-price", "0.1", "--nodes", "2", "--yes")
    code, text = user("run", "--region", REGION, *words)

    evidence = evidence_of(tmp_path)
    assert code == 0, text
    check(evidence, nodes=2, **SHORT)
    assert evidence["endpoint"] == lab.stack.endpoint
    assert tagged(lab) == set()
    assert neighbour in [each["VpcId"] for each in lab.ec2.describe_vpcs()["Vpcs"]]


@pytest.mark.long
def test_a_run_through_all_switches_passes(lab, user, tmp_path):
    words = ("--ceiling", "9", "--hourly-price", "0.1", "--nodes", "3", "--yes")
    code, text = user("run", "--region", REGION, *words)

    assert code == 0, text
    check(evidence_of(tmp_path), nodes=3)
    assert tagged(lab) == set()


@pytest.mark.long
def test_what_a_run_leaves_that_ends_after_its_deployment_is_swept(lab, user, neighbour):
    run = new_run(REGION)
    wanted = Wanted(run=run, region=REGION, nodes=2, instance_type="t3.small")
    Deployment(lab, run).up(next(steps(wanted)).settings, 600)
    booted = lab.ec2.describe_instances()["Reservations"]
    assert len(tagged(lab)) > 10

    listed = user("sweep", "--region", REGION)
    assert listed[0] == 1
    assert f"{run}  VPC  vpc-" in listed[1]
    assert neighbour not in listed[1]
    code, text = user("sweep", "--region", REGION, "--run", run, "--delete", "--yes")

    assert code == 0, text
    assert booted != []
    assert tagged(lab) == set()
    assert find(Account.of(REGION)) == []
    lifecycle.wait_until_applied(lab.home)
    vpcs = {each["VpcId"] for each in lab.ec2.describe_vpcs()["Vpcs"]}
    subnets = lab.ec2.describe_subnets()["Subnets"]
    assert neighbour in vpcs
    assert neighbour in {each["VpcId"] for each in subnets}
    assert user("sweep", "--region", REGION) == (0, "nothing is left\n")
