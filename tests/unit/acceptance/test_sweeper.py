"""What a run leaves is found and deleted, and nothing of anybody else is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from podnet.acceptance import sweeper
from podnet.acceptance.leftovers import KINDS, find
from podnet.acceptance.sweeper import delete
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.home import PROJECT
from tests.unit.acceptance.conftest import OTHER, RUN

SWEEPER = json.loads((PROJECT / "docs" / "iam" / "sweeper.json").read_text())


def quietly(_):
    """A note that nobody reads."""


@pytest.fixture
def enforced(endpoint):
    """Permit nothing but what the policy of docs/iam says, from when it is called."""
    yield lambda: control.change(endpoint, Settings.of(policies=[SWEEPER]))
    control.change(endpoint, Settings())


def everything(account):
    """All that the account holds, by what it is, whoever made it."""
    ec2, iam, ssm = account.ec2, account.iam, account.ssm
    alive = [
        each["InstanceId"]
        for group in ec2.describe_instances()["Reservations"]
        for each in group["Instances"]
        if each["State"]["Name"] != "terminated"
    ]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    reserved = [
        each["SubnetCidrReservationId"]
        for subnet in subnets
        for each in ec2.get_subnet_cidr_reservations(SubnetId=subnet)["SubnetIpv4CidrReservations"]
    ]
    pages = ssm.get_paginator("describe_parameters").paginate()
    return {
        *alive,
        *subnets,
        *reserved,
        *(each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]),
        *(each["RouteTableId"] for each in ec2.describe_route_tables()["RouteTables"]),
        *(
            each["InternetGatewayId"]
            for each in ec2.describe_internet_gateways()["InternetGateways"]
        ),
        *(each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]),
        *(each["SecurityGroupRuleId"] for each in rules(ec2)),
        *(each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]),
        *(
            each["NetworkInterfaceId"]
            for each in ec2.describe_network_interfaces()["NetworkInterfaces"]
        ),
        *(each["RoleName"] for each in iam.list_roles()["Roles"]),
        *(each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]),
        *(each["Name"] for page in pages for each in page["Parameters"]),
    }


def rules(ec2):
    return ec2.describe_security_group_rules()["SecurityGroupRules"]


@pytest.mark.slow
def test_nothing_of_a_run_is_left_and_nothing_of_others_is_touched(
    account, deploy, endpoint, enforced, monkeypatch
):
    monkeypatch.setattr(sweeper, "PATIENCE", 5)
    deploy(stack="dev", **{"podnet:tags": "{}"})
    deploy(OTHER)
    neighbours = everything(account)
    deploy(RUN)
    # A node that was still running has written its parameter again, without any tag.
    name = f"/podnet/organization/podnet/acceptance-{RUN}/nodes/node-9"
    account.ssm.put_parameter(Name=name, Value="late", Type="String")
    enforced()
    found = find(account, RUN)
    elsewhere = {each.kind for each in find(replace(account, region="eu-west-1"))}
    problems = delete(account, found, quietly)

    assert {each.kind for each in found} >= {*KINDS} - {"volume", "network interface"}
    # What has no region of its own is left to the sweep of the region in the run's name.
    assert not elsewhere & {"role", "instance profile", "parameter"}
    assert problems == []
    assert find(account, RUN) == []
    assert {each.run for each in find(account)} == {OTHER}
    seen = {*control.report(endpoint)["seen"]}
    control.change(endpoint, Settings())
    assert everything(account) == neighbours
    allowed = {action for each in SWEEPER["Statement"] for action in each["Action"]}
    assert allowed - seen == {
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteVolume",
        "pricing:GetProducts",
    }
    assert delete(account, find(account), quietly) == []
