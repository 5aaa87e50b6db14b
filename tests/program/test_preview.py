"""What the program finds out before it registers anything, and what it says about it."""

from __future__ import annotations

import pulumi
import pytest

from podnet import userdata
from podnet.plan.settings import Settings
from tests.program.recording import logged
from tests.program.test_quota import Refused

IMAGE = "ami-0123456789abcdef0"
OVERLAY = "overlay max=250 vni=1 port=8472"
VPC_ROUTES = "vpc-routes max=250 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 zones=1"
VERSION = userdata.version(Settings())
FIXED = {
    "ami",
    "instanceType",
    "keyName",
    "userDataBase64",
    "associatePublicIpAddress",
    'tags["podnet:version"]',
}


def node(number, **changes):
    """A node as this version makes it, but for the changes."""
    return {
        "address": f"192.168.1.{10 + number}",
        "image": IMAGE,
        "podnet:routing": OVERLAY,
        "podnet:network": NETWORK,
        "podnet:version": VERSION,
        **changes,
    }


def fixed(cloud):
    """The nodes that stay with what they were made with."""
    return {
        item.name.removeprefix("nodes-a-")
        for item in cloud.of("Instance")
        if set(item.ignore_changes) >= FIXED
    }


def free(cloud):
    """The nodes of which nothing is ignored that they are made with."""
    return {
        item.name.removeprefix("nodes-a-")
        for item in cloud.of("Instance")
        if not set(item.ignore_changes) & FIXED
    }


def test_where_nothing_is_there_nothing_is_looked_up_but_that(cloud):
    cloud.deploy(routing="overlay")

    assert {token for token, _ in cloud.calls} == {
        cloud.ZONES,
        cloud.OFFERINGS,
        cloud.IMAGE,
        cloud.VPCS,
    }
    assert cloud.said == []
    assert free(cloud) == {"node-1", "node-2"}


def test_nodes_that_are_there_stay_with_what_they_were_made_with(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="overlay", nodeCount="3")

    assert fixed(cloud) == {"node-1", "node-2"}
    assert free(cloud) == {"node-3"}
    assert cloud.said == []


def test_outdated_nodes_stay_too_and_are_named(cloud):
    cloud.holds(
        node(1, **{"podnet:version": "0000000000"}),
        node(2, image="ami-1"),
        node(3, type="t3.nano"),
        settled=OVERLAY,
    ).deploy(routing="overlay", nodeCount="3")

    assert fixed(cloud) == {"node-1", "node-2", "node-3"}
    assert cloud.said == [
        logged(
            "info",
            "outdated compared with a new node: node-1 (files), node-2 (image), node-3 (instance ",
            "type); they stay as they are, `podnet roll` replaces them one at a time",
        )
    ]


def test_a_node_that_is_rolled_is_made_with_the_newest_of_all(cloud):
    outdated = {"podnet:version": "0000000000", "image": "ami-1", "type": "t3.nano"}
    cloud.holds(node(1, **outdated), node(2, **outdated), settled=OVERLAY)
    cloud.deploy(routing="overlay", roll='["node-2"]')

    assert (fixed(cloud), free(cloud)) == ({"node-1"}, {"node-2"})
    assert cloud.said == [
        ("info", "replaced, with current files, image and instance type: node-2"),
        logged(
            "info",
            "outdated compared with a new node: node-1 (files and image and instance type); they ",
            "stay as they are, `podnet roll` replaces them one at a time",
        ),
    ]


def test_nodes_for_other_numbers_keep_nothing_of_the_old_files(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY)
    cloud.deploy(routing="overlay", podCidr="10.2.0.0/16")

    assert free(cloud) == {"node-1", "node-2"}


def test_nodes_of_another_vpc_range_are_no_hindrance(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY)
    cloud.deploy(routing="overlay", vpcCidr="192.168.2.0/24")

    assert free(cloud) == {"node-1", "node-2"}


def test_a_stopped_node_is_there_as_well(cloud):
    cloud.holds(node(1), settled=OVERLAY).deploy(routing="overlay")
    states = {
        tuple(args["instanceStateNames"]) for token, args in cloud.calls if token == cloud.INSTANCES
    }

    assert states == {("pending", "running", "stopping", "stopped")}


@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
def test_a_switch_is_previewed_before_anything_is_registered(cloud, dry_run):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="host-gw", dry_run=dry_run)
    ((loud, text),) = cloud.said

    assert loud == "info"
    assert text.splitlines()[0] == (
        "routing: overlay -> host-gw, while packets flow; no node is replaced or rebooted"
    )


def test_the_previous_routing_is_known_by_its_word_whatever_its_numbers(cloud):
    cloud.holds(node(1), node(2), settled="hybrid max=7 vni=9 port=4789 checksum=off").deploy(
        routing="overlay"
    )

    assert cloud.said[0][1].startswith("routing: hybrid -> overlay, ")


@pytest.mark.parametrize(
    ("there", "removed"),
    [
        ({"rules": ["test-in-pods", "test-in-vxlan-8472"]}, "firewall rule sgr-test-in-pods"),
        ({"rules": ["test-in-vxlan-4789"]}, "firewall rule sgr-test-in-vxlan-4789"),
        ({"routes": {"10.1.1.0/24": "eni-1"}}, "1 routes of the VPC to pods"),
    ],
    ids=["the rule of native modes", "the rule of another port", "routes"],
)
def test_what_another_routing_left_is_previewed_as_a_switch(cloud, there, removed):
    cloud.holds(node(1), node(2), settled=OVERLAY, **there).deploy(routing="overlay")
    ((loud, text),) = cloud.said

    assert loud == "info"
    assert text.startswith("routing: what the nodes have -> overlay, while packets flow; ")
    assert text.splitlines()[-1] == f"  4. removed last: {removed}"


@pytest.mark.parametrize(
    ("told_and_settled", "settings", "lossy"),
    [
        ((OVERLAY, OVERLAY), {"routing": "overlay", "vni": "2"}, True),
        ((OVERLAY, OVERLAY), {"routing": "overlay", "vxlanPort": "4789"}, True),
        ((OVERLAY, OVERLAY), {"routing": "host-gw", "vni": "2"}, True),
        ((VPC_ROUTES, VPC_ROUTES), {"routing": "overlay", "vni": "2"}, True),
        ((VPC_ROUTES, VPC_ROUTES), {"routing": "host-gw", "vni": "2"}, False),
        ((OVERLAY, OVERLAY), {"routing": "host-gw"}, False),
        (("overlay max=250 vni=2 port=8472", OVERLAY), {"routing": "overlay"}, True),
        (("overlay max=9 vni=1 port=8472 checksum=off", OVERLAY), {"routing": "overlay"}, False),
    ],
    ids=[
        "vni",
        "port",
        "away from it",
        "to it",
        "both native",
        "the same numbers",
        "half done",
        "other numbers",
    ],
)
def test_a_switch_that_replaces_vxlan_devices_is_previewed_to_lose_packets(
    cloud, told_and_settled, settings, lossy
):
    tag, settled = told_and_settled
    nodes = [node(number, **{"podnet:routing": tag}) for number in (1, 2)]
    cloud.holds(*nodes, settled=settled).deploy(**settings)
    text = next(text for _, text in cloud.said if text.startswith("routing: "))

    assert (", with losses; " in text) is lossy
    assert (", while packets flow; " in text) is not lossy
    assert ("to lose none, change them while the stack is in vpc-routes or" in text) is lossy


@pytest.mark.parametrize("settings", [{}, {"routing": "overlay"}, {"routing": "host-gw"}])
def test_nodes_that_came_to_no_tag_yet_have_no_other_numbers(cloud, settings):
    nodes = [node(1), node(2)]
    for each in nodes:
        del each["podnet:routing"]
    cloud.holds(*nodes, settled=None).deploy(**settings)
    text = next(text for _, text in cloud.said if text.startswith("routing: "))

    assert ", while packets flow; " in text
    assert "vni or vxlanPort differ" not in text


def test_one_tagged_node_among_others_has_other_numbers(cloud):
    untagged = node(1)
    del untagged["podnet:routing"]
    other = node(2, **{"podnet:routing": "overlay max=250 vni=7 port=8472"})
    cloud.holds(untagged, other, settled=None).deploy(routing="overlay")

    assert ", with losses; " in cloud.said[0][1]


def test_routes_of_others_in_the_pod_range_are_reported_and_left_alone(cloud):
    routes = {
        "10.1.1.0/24": "eni-1",
        "10.1.7.0/24": "eni-7",
        "10.1.99.0/24": "eni-x",
        "10.1.1.128/25": "eni-y",
        "10.9.0.0/16": "eni-z",
    }
    native = {"podnet:routing": VPC_ROUTES}
    cloud.holds(node(1, **native), node(7, **native), settled=VPC_ROUTES, routes=routes).deploy()

    assert cloud.said[:-1] == [
        logged(
            "warning",
            "routes in the pod range 10.1.0.0/16 that podnet did not create: 10.1.99.0/24 to ",
            "eni-x in rtb-1, 10.1.1.128/25 to eni-y in rtb-1; podnet leaves them alone, delete "
            "them if ",
            "nobody needs them",
        )
    ]
    assert cloud.said[-1][1].startswith("vpc-routes puts 2 pod routes into ")


def no_image(_):
    raise Refused


@pytest.mark.parametrize("answer", [no_image, {"id": ""}, {}], ids=["refused", "empty", "absent"])
def test_without_an_image_nodes_stay_and_none_is_made(make_cloud, answer):
    def there():
        cloud = make_cloud().holds(node(1), node(2), settled=OVERLAY)
        cloud.answers[cloud.IMAGE] = answer
        return cloud

    kept = there().deploy(routing="overlay", nodeCount="1")

    assert fixed(kept) == {"node-1"}
    assert [loud for loud, _ in kept.said] == ["warning"]
    assert "no machine image for new nodes is known (" in kept.said[0][1]
    assert "ami" not in kept.inputs("Instance")["nodes-a-node-1"]
    with pytest.raises(pulumi.RunError, match=r"and node-3 must be created; set podnet:imageId"):
        there().deploy(routing="overlay", nodeCount="3")
    with pytest.raises(pulumi.RunError, match=r"and node-2 must be created"):
        there().deploy(routing="overlay", roll='["node-2"]')
