from ipaddress import IPv4Address, IPv4Network

import peers
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import FlannelBackend, Routing, RoutingMode, Uplink

PODS = IPv4Network("10.1.0.0/16")
ONE_ZONE = AddressPlan(IPv4Network("192.168.1.0/24"), PODS, 24)
TWO_ZONES = AddressPlan(IPv4Network("192.168.1.0/24"), PODS, 24, zones=2)


def node(plan, number=1):
    return Node(plan, "eth0", plan.node(number), 9001)


def commands(plan, **routing):
    """All routes of node 1 without what they have in common."""
    wanted = peers.wanted(node(plan), Routing(max_nodes=3, **routing)).routes.values()
    return {
        route.command().removeprefix("route replace ").replace(" proto 112 metric 112", "")
        for route in wanted
    }


@pytest.mark.parametrize(
    ("routing", "routes"),
    [
        ({"mode": RoutingMode.VPC_ROUTES}, set()),
        (
            {"mode": RoutingMode.HOST_GW},
            {
                "10.1.2.0/24 table main dev eth0 via 192.168.1.12 onlink src 192.168.1.11",
                "10.1.3.0/24 table main dev eth0 via 192.168.1.13 onlink src 192.168.1.11",
            },
        ),
        (
            {"mode": RoutingMode.OVERLAY},
            {
                "10.1.2.0/24 table main dev podnet0 via 192.168.1.12 onlink src 192.168.1.11",
                "10.1.3.0/24 table main dev podnet0 via 192.168.1.13 onlink src 192.168.1.11",
                "192.168.1.12/32 table 112 dev podnet0 via 192.168.1.12 onlink",
                "192.168.1.13/32 table 112 dev podnet0 via 192.168.1.13 onlink",
            },
        ),
        (
            {"mode": RoutingMode.L2},
            {
                "10.1.2.0/24 table main dev kube-bridge src 192.168.1.11",
                "10.1.3.0/24 table main dev kube-bridge src 192.168.1.11",
                "192.168.1.12/32 table 112 dev kube-bridge via 10.1.2.1 onlink",
                "192.168.1.13/32 table 112 dev kube-bridge via 10.1.3.1 onlink",
            },
        ),
        (
            {"mode": RoutingMode.FLANNEL},
            {
                "192.168.1.12/32 table 112 dev podnet0 via 192.168.1.12 onlink",
                "192.168.1.13/32 table 112 dev podnet0 via 192.168.1.13 onlink",
            },
        ),
        ({"mode": RoutingMode.FLANNEL, "flannel_backend": FlannelBackend.HOST_GW}, set()),
        ({"mode": RoutingMode.FLANNEL, "flannel_direct": True}, set()),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_routes_of_a_mode(routing, routes):
    assert commands(ONE_ZONE, **routing) == routes


def test_hybrid_forwards_inside_a_subnet_and_encapsulates_between_them():
    assert commands(TWO_ZONES, mode=RoutingMode.OVERLAY, cross_zone_only=True) == {
        "10.1.2.0/24 table main dev eth0 via 192.168.1.12 onlink src 192.168.1.11",
        "10.1.129.0/24 table main dev podnet0 via 192.168.1.139 onlink src 192.168.1.11",
        "192.168.1.139/32 table 112 dev podnet0 via 192.168.1.139 onlink",
    }


def test_where_flannel_forwards_inside_a_subnet_only_nodes_beyond_it_are_encapsulated_for():
    assert commands(TWO_ZONES, mode=RoutingMode.FLANNEL, flannel_direct=True) == {
        "192.168.1.139/32 table 112 dev podnet0 via 192.168.1.139 onlink",
    }


def test_host_gw_routes_nothing_through_a_node_of_another_subnet():
    assert commands(TWO_ZONES, mode=RoutingMode.HOST_GW) == {
        "10.1.2.0/24 table main dev eth0 via 192.168.1.12 onlink src 192.168.1.11"
    }


@pytest.mark.parametrize("mode", RoutingMode)
def test_every_mode_can_receive_what_is_encapsulated(mode):
    wanted = peers.wanted(node(ONE_ZONE), Routing(mode=mode, max_nodes=3))

    assert {
        ("podnet0", "192.168.1.12", "02:50:c0:a8:01:0c"),
        ("podnet0", "192.168.1.13", "02:50:c0:a8:01:0d"),
    } <= wanted.neighbours
    assert {
        ("podnet0", "02:50:c0:a8:01:0c", "192.168.1.12"),
        ("podnet0", "02:50:c0:a8:01:0d", "192.168.1.13"),
    } <= wanted.forwarding


@pytest.mark.parametrize(
    ("routing", "flooded"),
    [
        (Routing(mode=RoutingMode.L2, max_nodes=3), {"192.168.1.12", "192.168.1.13"}),
        (Routing(mode=RoutingMode.L2, max_nodes=3, uplink=Uplink.ETHERNET), set()),
        (Routing(mode=RoutingMode.OVERLAY, max_nodes=3), set()),
    ],
    ids=["l2", "l2-ethernet", "overlay"],
)
def test_only_l2_over_vxlan_has_a_flood_list(routing, flooded):
    wanted = peers.wanted(node(ONE_ZONE), routing)

    assert {peer for _, mac, peer in wanted.forwarding if mac == peers.EVERY_MAC} == flooded


@pytest.mark.parametrize("mode", RoutingMode)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_nothing_of_ones_own_is_among_the_entries(mode, number):
    own = node(TWO_ZONES, number)

    wanted = peers.wanted(own, Routing(mode=mode, max_nodes=3))

    entries = {field for entry in wanted.neighbours | wanted.forwarding for field in entry}
    assert entries.isdisjoint({str(own.address), str(TWO_ZONES.gateway(own.address))})
    assert {route.destination for route in wanted.routes.values()}.isdisjoint(
        {str(own.block), f"{own.address}/32"}
    )


def test_a_thousand_peers_are_known_in_a_large_vpc():
    large = AddressPlan(IPv4Network("172.16.0.0/16"), IPv4Network("10.0.0.0/8"), 24)
    own = Node(large, "eth0", IPv4Address("172.16.0.11"), 9001)

    wanted = peers.wanted(own, Routing(mode=RoutingMode.OVERLAY, max_nodes=1000))

    assert (len(wanted.neighbours), len(wanted.forwarding), len(wanted.routes)) == (999, 999, 1998)


EMPTY = peers.State(frozenset(), frozenset(), {})


def batches(want, have, unmanaged=()):
    """The commands of a difference by what they are for, without empty ones."""
    found = peers.difference(want, have, unmanaged, [])
    return {name: {*commands} for name, (_, commands) in found.items() if commands}


def test_nothing_is_changed_where_the_kernel_has_everything():
    wanted = peers.wanted(node(ONE_ZONE), Routing(mode=RoutingMode.L2, max_nodes=3))

    assert batches(wanted, wanted) == {}


def test_what_is_missing_is_added_before_anything_stale_is_removed():
    overlay = peers.wanted(node(ONE_ZONE), Routing(mode=RoutingMode.OVERLAY, max_nodes=2))
    l2 = peers.wanted(node(ONE_ZONE), Routing(mode=RoutingMode.L2, max_nodes=2))

    found = batches(overlay, l2)

    assert list(found) == [
        "routes",
        "stale neighbours",
        "stale forwarding entries",
    ]
    assert found["stale neighbours"] == {"neigh delete 10.1.2.1 dev kube-bridge"}


def test_a_route_that_podnet_does_not_manage_keeps_its_place():
    wanted = peers.wanted(node(ONE_ZONE), Routing(mode=RoutingMode.HOST_GW, max_nodes=3))
    first, second = wanted.routes

    assert batches(wanted, EMPTY, {first})["routes"] == {wanted.routes[second].command()}


def test_an_entry_with_another_mac_is_replaced_and_not_deleted():
    wanted = peers.wanted(node(ONE_ZONE), Routing(mode=RoutingMode.HOST_GW, max_nodes=2))
    bent = frozenset({("podnet0", "192.168.1.12", "02:00:00:00:00:01")})

    found = batches(wanted, peers.State(bent, wanted.forwarding, wanted.routes))

    assert found == {
        "neighbours": {
            "neigh replace 192.168.1.12 lladdr 02:50:c0:a8:01:0c dev podnet0 nud permanent"
        }
    }


def test_unmanaged_routes_are_reported_but_flannels_own_are_not(monkeypatch):
    reported = []
    routes = {"10.1.2.0/24 metric 0": "10.1.2.0/24 via 192.168.1.1 dev eth0 proto boot"}
    monkeypatch.setattr(peers, "found_routes", lambda _: ({}, routes))
    for name in ("found_neighbours", "found_forwarding"):
        monkeypatch.setattr(peers, name, frozenset)
    monkeypatch.setattr(peers, "policy_rules", list)
    monkeypatch.setattr(peers, "rule_commands", lambda *_: [])
    monkeypatch.setattr(peers, "ip_batch", lambda *_: None)

    for mode in (RoutingMode.VPC_ROUTES, RoutingMode.FLANNEL):
        peers.keep_peers(
            node(ONE_ZONE), Routing(mode=mode), lambda _, text, __: reported.append(text)
        )

    assert reported == [*routes.values(), ""]
