"""Pods reach what of their VPC is no node, in every mode, and their flows live through a switch."""

import json
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.lab.cloud import lifecycle
from podnet.lab.drill.hosts import Place
from podnet.lab.drill.reach import reach
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations.drills.neighbours import HUB, VARIANTS
from podnet.probe import Endpoint
from podnet.system.commands import run
from podnet.system.waiting import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.long]

PROMISED = {str(Place.SUBNET), str(Place.ELSEWHERE)}


def drill(lab, *words):
    command = ["--lab", str(lab.home.directory), "drill", "neighbours", "--json", *words]
    ran = CliRunner().invoke(app, command)
    if not isinstance(ran.exception, SystemExit | None):
        raise ran.exception
    # `pytest -rP` shows it, for docs/results.
    sys.stdout.write(ran.stdout)
    rows = json.loads(ran.stdout)
    return ran, [row for row in rows if "mode" in row], [row for row in rows if "from" in row]


def made_by_the_drill(lab):
    """What is left of the hosts."""
    mine = [{"Name": "description", "Values": ["drill-neighbours"]}]
    return [
        *lab.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"],
        *lab.ec2.describe_security_groups(Filters=mine)["SecurityGroups"],
        *lab.ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["drill-neighbours"]}])[
            "Subnets"
        ],
    ]


def holds(ran, modes, switches, expected):
    """Each mode and switch that there should be was measured, and is as promised."""
    assert [(row["mode"], row["neighbour"]) for row in modes] == [
        (mode, str(place)) for mode in (HUB, *expected) for place in Place
    ]
    for row in modes:
        if row["neighbour"] in PROMISED:
            assert (row["answered"], row["seen"]) == (row["pods"], ["node"]), row
        assert row["named"] == (row["neighbour"] not in PROMISED)
    of_pods = [
        row for row in switches if row["openedBy"] == "pods" and row["neighbour"] in PROMISED
    ]
    assert [(row["from"], row["to"], row["neighbour"]) for row in of_pods] == [
        (*ends, place)
        for mode in expected
        for ends in ((HUB, mode), (mode, HUB))
        for place in ("subnet", "elsewhere")
    ]
    assert {(row["lost"], *row["broken"]) for row in of_pods} == {(0,)}
    assert all(row["datagrams"] > 0 for row in of_pods)
    assert ran.exit_code == 0


def test_in_one_zone_in_every_mode(lab):
    lab.change(nodeCount=2, zones=1)

    ran, modes, switches = drill(lab)

    holds(ran, modes, switches, [mode for mode in VARIANTS if mode != HUB])
    assert made_by_the_drill(lab) == []
    assert lab.up(nodeCount=2).changes == ()


def test_across_zones(lab):
    lab.change(nodeCount=1, zones=3)

    ran, modes, switches = drill(lab, "--mode", "overlay", "--mode", "hybrid")

    holds(ran, modes, switches, ["overlay", "hybrid"])


@pytest.fixture
def instance(lab):
    """An instance that boots without user data or tags, beside the nodes, in an open group."""
    lab.change(nodeCount=2, zones=1)
    (node, *_) = lab.ec2.describe_instances(InstanceIds=[lab.node("node-1").instance_id])[
        "Reservations"
    ][0]["Instances"]
    group = lab.ec2.create_security_group(
        GroupName="plain", Description="plain", VpcId=node["VpcId"]
    )["GroupId"]
    lab.ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    launched = lab.ec2.run_instances(
        ImageId=node["ImageId"],
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        SubnetId=node["SubnetId"],
        PrivateIpAddress="192.168.1.100",
        SecurityGroupIds=[group],
    )["Instances"][0]["InstanceId"]
    yield launched
    lab.ec2.terminate_instances(InstanceIds=[launched])
    lifecycle.wait_until_applied(lab.home)
    lab.ec2.delete_security_group(GroupId=group)


def test_a_plain_instance_that_boots_answers_pods_in_every_mode(lab, instance):
    pid = lab.home.instances / instance / "pid"
    assert wait_until(pid.exists, 60)
    netns = Path(f"/proc/{pid.read_text().strip()}/ns/net")
    shown = ("nsenter", f"--net={netns}", "ip", "-4", "address", "show", "dev", "eth0")
    assert wait_until(lambda: "192.168.1.100/24" in run(*shown), 60)
    host = Endpoint(
        kind="host",
        name="plain",
        node="",
        address=IPv4Address("192.168.1.100"),
        netns=netns,
        mtu=9001,
    )

    for mode in ("vpc-routes", "host-gw", "overlay", "l2"):
        lab.podnet("switch", mode, "--yes", "--engine", "embedded")
        lab.wait_until_applied()
        pods = [pod_endpoint(pod) for pod in lab.pods]
        nodes = {node.name: str(node.address) for node in lab.nodes}

        assert [each.seen for each in reach([(pod, host) for pod in pods])] == [
            dict.fromkeys(("udp", "tcp", "icmp"), nodes[pod.node]) for pod in pods
        ]
