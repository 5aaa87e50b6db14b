"""Nodes replaced one at a time, and a roll that goes on where it was cut off."""

import shutil

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.operations.rolling import outdated, roll_one
from podnet.lab.stack import lab_stack
from podnet.lab.stack.inventory import node_records
from podnet.plan.routing import RoutingMode
from podnet.userdata import rendering

pytestmark = pytest.mark.lab


OTHER_IMAGE = "ami-0deb120a000000000"


@pytest.fixture(scope="module")
def lab(lab):
    """In mode vpc-routes; since its nodes were made, another image has become theirs."""
    lab.change(routing=RoutingMode.VPC_ROUTES)
    lab.replace_pods()
    lab.stack.save({"podnet:imageId": OTHER_IMAGE})
    return lab


def routes(lab):
    """The network interface that each block is routed to, by table and block."""
    tables = lab.ec2.describe_route_tables()["RouteTables"]
    return {
        (table["RouteTableId"], route["DestinationCidrBlock"]): route["NetworkInterfaceId"]
        for table in tables
        for route in table["Routes"]
        if "NetworkInterfaceId" in route
    }


def test_outdated_nodes_are_reported_and_stay_as_they_are(lab):
    assert lab.podnet("status").count("outdated") == 4
    assert outdated(lab.stack, []) == dict.fromkeys(lab.instance_ids(), ("image",))
    assert lab.up().changes == ()


def test_one_node_is_replaced_with_its_address_and_its_routes_moved(lab):
    instances, boots, before = lab.instance_ids(), lab.boot_ids(), routes(lab)

    verification = roll_one(lab.stack, "node-2")
    lab.outputs = verification.summary.outputs
    lab.wait_until_applied()

    changed = {step.name: step.op for step in verification.summary.changes}
    assert {name for name, op in changed.items() if op == "replace"} >= {"nodes-b-node-2"}
    assert {changed[f"pod-routes-{zone}-node-2"] for zone in "abc"} == {"update"}
    assert differing(instances, lab.instance_ids()) == {"node-2"}
    assert differing(boots, lab.boot_ids()) == {"node-2"}
    assert str(lab.node("node-2").address) == "192.168.1.75"
    blocks = {block for _, block in differing(before, routes(lab))}
    assert blocks == {lab.outputs["nodes"]["node-2"]["podBlock"]}
    assert node_records(lab.stack)["node-2"].image_id == OTHER_IMAGE


def test_the_roll_goes_on_with_the_nodes_that_are_left(lab):
    instances = lab.instance_ids()

    lab.podnet("roll", "node-2", "node-3", "--engine", "embedded")
    lab.up()

    assert differing(instances, lab.instance_ids()) == {"node-3"}
    assert lab.up().changes == ()
    assert outdated(lab.stack, []).keys() == {"node-1", "node-4"}
    assert "nothing to roll" in lab.podnet("roll", "node-3", "--engine", "embedded")
    assert lab.red() == set()


FILE = "etc/tmpfiles.d/podnet.conf"
NEWER = "r! /var/lib/podnet-newer"


@pytest.fixture
def newer_podnet(tmp_path, monkeypatch):
    """The project, of which one file of the nodes has changed since."""
    project = tmp_path / "project"
    for name in ("components", "podnet", "stacks", "userdata"):
        shutil.copytree(
            PROJECT / name,
            project / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(PROJECT / name, project / name)
    with (project / "userdata/files" / FILE).open("a") as file:
        file.write(f"{NEWER}\n")
    monkeypatch.setattr(lab_stack, "PROJECT", project)
    monkeypatch.setattr(rendering, "FILES", project / "userdata/files")


@pytest.mark.usefixtures("newer_podnet")
def test_newer_files_and_another_type_are_for_the_node_that_is_rolled(lab):
    instances, boots = lab.instance_ids(), lab.boot_ids()
    lab.stack.save({"podnet:instanceType": "t3.medium"})
    found = outdated(lab.stack, [])

    assert found == {
        "node-1": ("files", "image", "instance type"),
        "node-2": ("files", "instance type"),
        "node-3": ("files", "instance type"),
        "node-4": ("files", "image", "instance type"),
    }
    assert lab.up().changes == ()

    roll_one(lab.stack, "node-4")
    lab.up()

    assert differing(instances, lab.instance_ids()) == {"node-4"}
    assert differing(boots, lab.boot_ids()) == {"node-4"}
    assert outdated(lab.stack, []).keys() == {"node-1", "node-2", "node-3"}
    assert node_records(lab.stack)["node-4"].instance_type == "t3.medium"
    assert {node.name for node in lab.nodes if NEWER in node.run("cat", f"/{FILE}")} == {"node-4"}
    assert lab.red() == set()


def differing(before, after):
    assert before.keys() == after.keys()
    return {key for key in before if before[key] != after[key]}
