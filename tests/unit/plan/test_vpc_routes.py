"""Which routes of the VPC are unmanaged, and which carry what pods send as they are."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from podnet.plan.vpc_routes import NOTHING, VpcRoute, carriers, dropping, is_unmanaged

PODS, BLOCK = IPv4Network("10.1.0.0/16"), IPv4Network("10.1.1.0/24")


@pytest.mark.parametrize(
    ("destination", "target", "blocks", "unmanaged"),
    [
        ("10.1.1.0/24", "eni-1", {BLOCK: ["eni-1"]}, False),
        ("10.1.1.0/24", "eni-9", {BLOCK: ["eni-1"]}, True),
        ("10.1.1.0/24", "eni-9", {BLOCK: None}, False),
        ("10.1.2.0/24", "eni-1", {BLOCK: None}, True),
        ("10.2.0.0/16", "eni-1", {BLOCK: None}, False),
        ("0.0.0.0/0", "igw-1", {BLOCK: None}, False),
    ],
    ids=[
        "to its node",
        "to another interface",
        "where interfaces are unknown",
        "to a block of no node",
        "outside the pod range",
        "to the internet",
    ],
)
def test_a_route_in_the_pod_range_is_unmanaged_unless_it_leads_to_the_node_of_its_block(
    destination, target, blocks, unmanaged
):
    route = VpcRoute(destination=IPv4Network(destination), target=target)

    assert is_unmanaged(route, PODS, blocks) is unmanaged


FAR = IPv4Network("10.20.0.0/16")


def table(**routes):
    """Routes by their targets, each to the range that follows it."""
    return [
        VpcRoute(destination=IPv4Network(destination), target=target.replace("_", "-"))
        for target, destination in routes.items()
    ]


@pytest.mark.parametrize(
    ("routes", "targets"),
    [
        ({"igw_1": "0.0.0.0/0"}, ["igw-1"]),
        ({"igw_1": "0.0.0.0/0", "tgw_1": "10.0.0.0/8"}, ["tgw-1"]),
        ({"igw_1": "0.0.0.0/0", "tgw_1": "10.20.0.0/16", "pcx_1": "10.0.0.0/8"}, ["tgw-1"]),
        ({"igw_1": "0.0.0.0/0", "tgw_1": "10.20.3.0/24"}, ["tgw-1", "igw-1"]),
        ({"tgw_1": "10.20.0.0/17", "eni_1": "10.20.128.0/17", "igw_1": "0.0.0.0/0"},
         ["tgw-1", "eni-1"]),
        ({"pcx_1": "10.20.7.0/24", "tgw_1": "10.20.0.0/16"}, ["pcx-1", "tgw-1"]),
        ({"tgw_1": "10.21.0.0/16"}, [NOTHING]),
        ({}, [NOTHING]),
    ],
    ids=[
        "the default route alone",
        "a wider route",
        "the range itself before a wider one",
        "a part, and the default route for the rest",
        "two halves",
        "a more specific part",
        "a route to elsewhere",
        "an empty table",
    ],
)  # fmt: skip
def test_a_range_is_carried_by_the_most_specific_routes(routes, targets):
    assert [route.target for route in carriers(FAR, table(**routes))] == targets


@pytest.mark.parametrize(
    "target", ["igw-1", "cagw-1", "nat-1", "vgw-1", "pcx-1", NOTHING], ids=lambda each: each[:4]
)
def test_what_translates_or_knows_the_vpc_alone_carries_no_packet_of_a_pod(target):
    assert dropping(target)


@pytest.mark.parametrize("target", ["tgw-1", "eni-1", "vpce-1", "arn:aws:networkmanager", "lgw-1"])
def test_what_routes_by_the_destination_carries_packets_of_pods(target):
    assert dropping(target) == ""
