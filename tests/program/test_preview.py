"""What the program finds out before it registers anything, and what it says about it."""

from __future__ import annotations

import pulumi
import pytest

from podnet import userdata
from podnet.plan.launches import WAY_BACK
from podnet.plan.settings import Settings
from tests.program.account import Refused
from tests.program.recording import logged

IMAGE = "ami-0123456789abcdef0"
OVERLAY = "overlay zones=1 vni=1 port=8472"
VPC_ROUTES = "vpc-routes zones=1 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/26"
VERSION = userdata.version(Settings(), "organization/podnet/test")
FILES = userdata.release.digest(Settings())
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
        "podnet:files": FILES,
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
        cloud.PARTITION,
        cloud.TYPE,
        cloud.IMAGE,
        cloud.VPCS,
        cloud.INSTANCES,
        cloud.SAID,
    }
    assert cloud.said == []
    assert free(cloud) == {"node-1", "node-2"}


def test_nodes_that_are_there_stay_with_what_they_were_made_with(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="overlay", nodeCount="3")

    assert fixed(cloud) == {"node-1", "node-2"}
    assert free(cloud) == {"node-3"}
    assert cloud.said == [
        (
            "info",
            "created, since they have no instance: node-3, with instance type t3.small. "
            + WAY_BACK,
        )
    ]


def test_a_node_is_not_rolled_to_a_type_that_its_zone_does_not_offer(cloud):
    cloud.holds(node(1), node(2, place="eu-central-1b"), settled=OVERLAY)
    cloud.answers[cloud.OFFERINGS] = {"locations": ["eu-central-1a"]}
    with pytest.raises(pulumi.RunError, match=r"roll names node-2, in a zone that does not offer"):
        cloud.deploy(routing="overlay", instanceType="x9.large", roll='["node-2", "node-1"]')

    assert cloud.resources == []


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
            "outdated compared with a new node: node-1 (user data), node-2 (image), node-3 ",
            "(instance type); they stay as they are, `podnet roll` replaces them one at a time",
        )
    ]


def test_another_release_is_an_update_in_place_of_the_nodes_that_stay(cloud):
    old = {"podnet:files": "0" * 64}
    cloud.holds(node(1, **old), node(2), node(3, **old), settled=OVERLAY)
    cloud.deploy(routing="overlay", nodeCount="3", roll='["node-3"]')

    assert fixed(cloud) == {"node-1", "node-2"}
    assert cloud.said[1] == (
        "info",
        (
            "updated in place, with the files of this version: node-1; each fetches them, restarts "
            "its agent and goes back by itself where that does not get ready; no packet of a pod "
            "waits for it"
        ),
    )
    assert {
        name: (item["resourceId"], item["value"])
        for name, item in cloud.inputs("Tag").items()
        if item["key"] == "podnet:files"
    } == {
        f"assigned-release-a-node-{number}": (f"nodes-a-node-{number}-id", FILES)
        for number in (1, 2, 3)
    }


def test_a_node_that_is_rolled_is_made_with_the_newest_of_all(cloud):
    outdated = {"podnet:version": "0000000000", "image": "ami-1", "type": "t3.nano"}
    cloud.holds(node(1, **outdated), node(2, **outdated), settled=OVERLAY)
    cloud.deploy(routing="overlay", roll='["node-2"]')

    assert (fixed(cloud), free(cloud)) == ({"node-1"}, {"node-2"})
    assert cloud.said == [
        (
            "info",
            "replaced, with current user data, image and instance type: node-2. Each is deleted "
            "first, "
            "since its address is fixed, and AWS does not promise a launch beforehand. " + WAY_BACK,
        ),
        logged(
            "info",
            "outdated compared with a new node: node-1 (user data and image and instance "
            "type); they ",
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
    cloud.holds(node(1), node(2, state="stopped"), settled=OVERLAY).deploy(routing="overlay")

    assert fixed(cloud) == {"node-1", "node-2"}
    assert cloud.said == [
        logged(
            "warning",
            "stopped, and left so: node-2; nothing reaches the pods there. To start what is ",
            "stopped: `aws ec2 start-instances --instance-ids i-192.168.1.12`",
        )
    ]


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

    assert cloud.said[1:] == [
        logged(
            "warning",
            "routes in the pod range 10.1.0.0/16 that podnet did not create: 10.1.99.0/24 to ",
            "eni-x in rtb-1, 10.1.1.128/25 to eni-y in rtb-1; podnet leaves them alone. A cloud "
            "controller writes such routes unless it runs with --configure-cloud-routes=false, ",
            "and packets to pods go by them in vpc-routes; delete what nobody needs",
        )
    ]
    assert "5 of 500 routes a table (492 left, 3 used elsewhere, 4 in the end)" in cloud.headroom


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
