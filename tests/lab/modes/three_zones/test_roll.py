"""Nodes replaced one at a time, and a roll that goes on where it was cut off."""

import shutil

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.operations.rolling import outdated_nodes, roll_one
from podnet.lab.stack import lab_stack
from podnet.lab.stack.inventory import node_records
from podnet.plan.routing import RoutingMode
from podnet.userdata import release

pytestmark = pytest.mark.lab


TAG = "aws:ec2/tag:Tag"
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
    # The user data of an image that was chosen looks at it first.
    assert lab.podnet("status").count("outdated") == 4 * 2
    both = ("user data", "image")
    assert outdated_nodes(lab.stack, []) == dict.fromkeys(lab.instance_ids(), both)
    assert lab.up().changes == ()


def test_one_node_is_replaced_with_its_address_and_its_routes_moved(lab):
    instances, boots, before = lab.instance_ids(), lab.boot_ids(), routes(lab)

    verification = roll_one(lab.stack, "node-17")
    lab.outputs = verification.summary.outputs
    lab.wait_until_applied()

    changed = {step.name: step.op for step in verification.summary.changes}
    assert {name for name, op in changed.items() if op == "replace"} >= {"nodes-b-node-17"}
    assert {changed[f"pod-routes-{zone}-node-17"] for zone in "abc"} == {"update"}
    assert differing(instances, lab.instance_ids()) == {"node-17"}
    assert differing(boots, lab.boot_ids()) == {"node-17"}
    assert str(lab.node("node-17").address) == "192.168.2.11"
    blocks = {block for _, block in differing(before, routes(lab))}
    assert blocks == {lab.outputs["nodes"]["node-17"]["podBlock"]}
    assert node_records(lab.stack)["node-17"].image_id == OTHER_IMAGE


def test_the_roll_goes_on_with_the_nodes_that_are_left(lab):
    instances = lab.instance_ids()

    lab.podnet("roll", "node-17", "node-33", "--engine", "embedded")
    lab.up()

    assert differing(instances, lab.instance_ids()) == {"node-33"}
    assert lab.up().changes == ()
    assert outdated_nodes(lab.stack, []).keys() == {"node-1", "node-2"}
    assert "nothing to roll" in lab.podnet("roll", "node-33", "--engine", "embedded")
    assert lab.red() == set()


FILE = "usr/local/lib/podnet/setup.sh"
"""In the user data and in the release; a node has it in a folder of each."""
NEWER = ": podnet-newer"


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
    monkeypatch.setattr(release, "EVERY_NODE", project / "userdata/files")


@pytest.mark.long
@pytest.mark.usefixtures("newer_podnet")
def test_newer_user_data_and_another_type_are_for_the_node_that_is_rolled(lab):
    instances, boots = lab.instance_ids(), lab.boot_ids()
    lab.stack.save({"podnet:instanceType": "t3.medium"})
    found = outdated_nodes(lab.stack, [])

    assert found == {
        "node-1": ("user data", "image", "instance type"),
        "node-17": ("user data", "instance type"),
        "node-33": ("user data", "instance type"),
        "node-2": ("user data", "image", "instance type"),
    }

    updated = {(step.op, step.name) for step in lab.up().changes if step.type == TAG}

    assert updated == {
        ("update", f"assigned-release-{zone}-{name}")
        for zone, name in (("a", "node-1"), ("a", "node-2"), ("b", "node-17"), ("c", "node-33"))
    }
    assert (lab.instance_ids(), lab.boot_ids()) == (instances, boots)
    assert outdated_nodes(lab.stack, []) == found
    assert with_newer_file(lab, "podnet") == instances.keys()
    assert with_newer_file(lab, "podnet-base") == set()
    assert lab.up().changes == ()

    roll_one(lab.stack, "node-2")
    lab.up()

    assert differing(instances, lab.instance_ids()) == {"node-2"}
    assert differing(boots, lab.boot_ids()) == {"node-2"}
    assert outdated_nodes(lab.stack, []).keys() == {"node-1", "node-17", "node-33"}
    assert node_records(lab.stack)["node-2"].instance_type == "t3.medium"
    assert with_newer_file(lab, "podnet") == instances.keys()
    assert with_newer_file(lab, "podnet-base") == {"node-2"}
    assert lab.red() == set()


def with_newer_file(lab, folder):
    """The nodes whose file in this folder is the newer one."""
    path = f"/usr/local/lib/{folder}/setup.sh"
    return {node.name for node in lab.nodes if NEWER in node.run("cat", path)}


def differing(before, after):
    assert before.keys() == after.keys()
    return {key for key in before if before[key] != after[key]}
