"""What the program finds out before it registers anything, and what it says about it."""

from __future__ import annotations

import hashlib

import grpc
import pulumi
import pytest

import userdata
from plan.settings import Settings

IMAGE = "ami-0123456789abcdef0"
OVERLAY = "overlay max=250 vni=1 port=8472"
VPC_ROUTES = "vpc-routes max=250 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 zones=1"
VERSION = hashlib.sha256(userdata.render(Settings()).encode()).hexdigest()[:10]
FIXED = {"ami", "instanceType", "userDataBase64", 'tags["podnet:version"]'}


class Refused(grpc.RpcError):
    """A look-up that the provider could not answer, as the SDK hears of it."""

    def code(self):
        return grpc.StatusCode.UNKNOWN

    def details(self):
        return "AccessDeniedException"


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


def told(loud, *parts):
    """Something that was said, in as many pieces as it takes lines here."""
    return loud, "".join(parts)


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

    assert {token for token, _ in cloud.calls} == {cloud.ZONES, cloud.IMAGE, cloud.VPCS}
    assert cloud.said == []
    assert free(cloud) == {"node-1", "node-2"}


def test_nodes_that_are_there_stay_with_what_they_were_made_with(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="overlay", nodeCount="3")

    assert fixed(cloud) == {"node-1", "node-2"}
    assert free(cloud) == {"node-3"}
    assert cloud.said == []


def test_older_nodes_stay_too_and_are_named(cloud):
    cloud.holds(
        node(1, **{"podnet:version": "0000000000"}),
        node(2, image="ami-1"),
        node(3, type="t3.nano"),
        settled=OVERLAY,
    ).deploy(routing="overlay", nodeCount="3")

    assert fixed(cloud) == {"node-1", "node-2", "node-3"}
    assert cloud.said == [
        told(
            "info",
            "older than a node made now would be: node-1 (files), node-2 (image), node-3 ",
            "(instance type); they stay as they are, `podnet roll` makes them anew one at a time",
        )
    ]


def test_a_node_that_is_rolled_is_made_with_the_newest_of_all(cloud):
    older = {"podnet:version": "0000000000", "image": "ami-1", "type": "t3.nano"}
    cloud.holds(node(1, **older), node(2, **older), settled=OVERLAY)
    cloud.deploy(routing="overlay", roll='["node-2"]')

    assert (fixed(cloud), free(cloud)) == ({"node-1"}, {"node-2"})
    assert cloud.said == [
        ("info", "made anew with the files, image and instance type of now: node-2"),
        told(
            "info",
            "older than a node made now would be: node-1 (files and image and instance type); ",
            "they stay as they are, `podnet roll` makes them anew one at a time",
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
def test_a_switch_is_told_before_anything_is_registered(cloud, dry_run, monkeypatch):
    monkeypatch.setattr("components.routing_mode.SETTLE_SECONDS", 0)
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="host-gw", dry_run=dry_run)
    ((loud, text),) = cloud.said

    assert loud == "info"
    assert text.splitlines()[0] == (
        "routing: overlay -> host-gw, while packets flow; no node is replaced or rebooted"
    )


def test_the_former_routing_is_known_by_its_word_whatever_its_numbers(cloud, monkeypatch):
    monkeypatch.setattr("components.routing_mode.SETTLE_SECONDS", 0)
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
def test_what_another_routing_left_is_told_as_a_switch(cloud, monkeypatch, there, removed):
    monkeypatch.setattr("components.routing_mode.SETTLE_SECONDS", 0)
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
def test_a_switch_that_makes_vxlan_devices_anew_is_told_to_lose_packets(
    cloud, told_and_settled, settings, lossy, monkeypatch
):
    monkeypatch.setattr("components.routing_mode.SETTLE_SECONDS", 0)
    tag, settled = told_and_settled
    nodes = [node(number, **{"podnet:routing": tag}) for number in (1, 2)]
    cloud.holds(*nodes, settled=settled).deploy(**settings)
    text = next(text for _, text in cloud.said if text.startswith("routing: "))

    assert (", with losses; " in text) is lossy
    assert (", while packets flow; " in text) is not lossy
    assert ("to lose none, change them while the stack is in vpc-routes or" in text) is lossy


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
        told(
            "warning",
            "routes in the pod range 10.1.0.0/16 that podnet did not make: 10.1.99.0/24 to eni-x ",
            "in rtb-1, 10.1.1.128/25 to eni-y in rtb-1; they are left alone, delete them if ",
            "nobody needs them",
        )
    ]
    assert cloud.said[-1][1].startswith("vpc-routes puts 2 pod routes into ")


def test_the_routes_and_their_quota_are_told(cloud):
    cloud.deploy(zones="3", nodeCount="4")

    assert cloud.said == [
        told(
            "info",
            "vpc-routes puts 12 pod routes into 3 route tables; with 2 of its own a table holds 6 ",
            "of at most 500 (quota L-93826ACB), room for 494 nodes more",
        )
    ]
    assert [args for token, args in cloud.calls if token == cloud.QUOTA] == [
        {"serviceCode": "vpc", "quotaCode": "L-93826ACB"}
    ]


@pytest.mark.parametrize("settings", [{"routing": "overlay"}, {"routing": "host-gw"}])
def test_no_quota_matters_where_there_are_no_routes(cloud, settings):
    cloud.answers[cloud.QUOTA] = {"value": 1}
    cloud.deploy(**settings)

    assert cloud.said == []


def test_too_many_routes_stop_the_program_before_it_registers_anything(cloud):
    cloud.answers[cloud.QUOTA] = {"value": 10}

    with pytest.raises(
        pulumi.RunError, match=r"podnet:nodeCount 9 is more .* 1 too many\. Use at most 8 nodes"
    ):
        cloud.deploy(nodeCount="9")
    assert cloud.resources == []


def test_a_quota_that_lags_behind_can_be_overridden(cloud):
    cloud.answers[cloud.QUOTA] = {"value": 10}
    cloud.deploy(nodeCount="9", ignoreRouteQuota="true")

    assert [
        (loud, text.partition(":")[0] + ":" + text.partition(":")[2].partition(",")[0])
        for loud, text in cloud.said
    ] == [("warning", "podnet:ignoreRouteQuota is set")]
    assert len(cloud.of("Instance")) == 9


def test_where_no_quota_is_told_the_default_of_aws_is_taken_and_said(cloud):
    def refuse(_):
        raise Refused

    cloud.answers[cloud.QUOTA] = refuse
    cloud.deploy()

    assert [loud for loud, _ in cloud.said] == ["warning", "info"]
    assert cloud.said[0][1] == (
        "Service Quotas does not tell how many routes a route table may hold; taken for AWS's "
        "default of 500"
    )
    assert "4 of at most 500 " in cloud.said[1][1]
