from ipaddress import IPv4Address, IPv4Network

import peers
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink

PODS = IPv4Network("10.1.0.0/16")
# Four nodes in a zone: hosts 11 to 14 of a /28.
PLAN = AddressPlan(IPv4Network("192.168.1.0/28"), PODS, 24, 28, 28)
PEERS = ("192.168.1.12", "192.168.1.13", "192.168.1.14")


def node(number=1):
    return Node(PLAN, "eth0", PLAN.node(number), 9001)


def commands(zones=1, **routing):
    """All routes of node 1 without what they have in common."""
    wanted = peers.wanted(node(), Routing(zones=zones, **routing)).routes.values()
    return {
        route.command().removeprefix("route replace ").replace(" proto 112 metric 112", "")
        for route in wanted
    }


def to_each(*routes):
    """Routes to the three peers in zone a, from those with the number of one."""
    return {route.format(k=k, host=10 + k) for route in routes for k in (2, 3, 4)}


@pytest.mark.parametrize(
    ("routing", "routes"),
    [
        ({"mode": RoutingMode.VPC_ROUTES}, set()),
        (
            {"mode": RoutingMode.HOST_GW},
            to_each(
                "10.1.{k}.0/24 table main dev eth0 via 192.168.1.{host} onlink src 192.168.1.11"
            ),
        ),
        (
            {"mode": RoutingMode.OVERLAY},
            to_each(
                "10.1.{k}.0/24 table main dev podnet0 via 192.168.1.{host} onlink src 192.168.1.11",
                "192.168.1.{host}/32 table 112 dev podnet0 via 192.168.1.{host} onlink",
            ),
        ),
        (
            {"mode": RoutingMode.OVERLAY, "encapsulation": Encapsulation.GRE},
            to_each(
                "10.1.{k}.0/24 table main dev podnet2 via 192.168.1.{host} onlink src 192.168.1.11",
                "192.168.1.{host}/32 table 112 dev podnet2 via 192.168.1.{host} onlink",
            ),
        ),
        (
            {"mode": RoutingMode.L2},
            to_each(
                "10.1.{k}.0/24 table main dev kube-bridge src 192.168.1.11",
                "192.168.1.{host}/32 table 112 dev kube-bridge via 10.1.{k}.1 onlink",
            ),
        ),
        (
            {"mode": RoutingMode.FLANNEL},
            to_each("192.168.1.{host}/32 table 112 dev podnet0 via 192.168.1.{host} onlink"),
        ),
        ({"mode": RoutingMode.FLANNEL, "flannel_backend": FlannelBackend.HOST_GW}, set()),
        ({"mode": RoutingMode.FLANNEL, "flannel_direct": True}, set()),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_the_routes_of_a_mode(routing, routes):
    assert commands(**routing) == routes


def test_hybrid_forwards_inside_a_subnet_and_encapsulates_between_them():
    found = commands(zones=2, mode=RoutingMode.OVERLAY, cross_zone_only=True)

    # Node 17 is the first of zone b, whose subnet follows that of zone a.
    assert len(found) == 3 + 2 * 4
    assert {route for route in found if "192.168.1.12" in route or "192.168.1.27" in route} == {
        "10.1.2.0/24 table main dev eth0 via 192.168.1.12 onlink src 192.168.1.11",
        "10.1.17.0/24 table main dev podnet0 via 192.168.1.27 onlink src 192.168.1.11",
        "192.168.1.27/32 table 112 dev podnet0 via 192.168.1.27 onlink",
    }


def test_hybrid_by_gre_sends_what_hybrid_by_vxlan_sends_by_another_device():
    by_vxlan = commands(zones=2, mode=RoutingMode.OVERLAY, cross_zone_only=True)
    by_gre = commands(
        zones=2,
        mode=RoutingMode.OVERLAY,
        cross_zone_only=True,
        encapsulation=Encapsulation.GRE,
    )

    assert by_gre == {route.replace("podnet0", "podnet2") for route in by_vxlan}
    assert by_gre != by_vxlan


def test_a_zone_more_takes_no_route_away():
    for mode in RoutingMode:
        assert commands(mode=mode) <= commands(zones=3, mode=mode)


def test_host_gw_routes_nothing_through_a_node_of_another_subnet():
    assert commands(zones=2, mode=RoutingMode.HOST_GW) == commands(mode=RoutingMode.HOST_GW)


@pytest.mark.parametrize("mode", RoutingMode)
def test_every_mode_can_receive_what_is_encapsulated(mode):
    wanted = peers.wanted(node(), Routing(mode=mode))

    assert {
        ("podnet0", "192.168.1.12", "02:50:c0:a8:01:0c"),
        ("podnet0", "192.168.1.13", "02:50:c0:a8:01:0d"),
    } <= wanted.neighbours
    assert {
        ("podnet0", "02:50:c0:a8:01:0c", "192.168.1.12"),
        ("podnet0", "02:50:c0:a8:01:0d", "192.168.1.13"),
    } <= wanted.forwarding


@pytest.mark.parametrize("mode", RoutingMode)
def test_every_mode_can_answer_by_gre_where_the_kernel_has_it(mode):
    def by_gre(*, gre):
        wanted = peers.wanted(node(), Routing(mode=mode, zones=2), gre)
        return {entry[1:] for entry in wanted.neighbours if entry[0] == "podnet2"}

    everyone = {str(peer) for peer in PLAN.peers(PLAN.node(1), 2)}
    assert by_gre(gre=True) == {(peer, peer) for peer in everyone}
    assert by_gre(gre=False) == set()


@pytest.mark.parametrize(
    ("routing", "flooded"),
    [
        (Routing(mode=RoutingMode.L2), {*PEERS}),
        (Routing(mode=RoutingMode.L2, uplink=Uplink.ETHERNET), set()),
        (Routing(mode=RoutingMode.OVERLAY), set()),
    ],
    ids=["l2", "l2-ethernet", "overlay"],
)
def test_only_l2_over_vxlan_has_a_flood_list(routing, flooded):
    wanted = peers.wanted(node(), routing)

    assert {peer for _, mac, peer in wanted.forwarding if mac == peers.EVERY_MAC} == flooded


@pytest.mark.parametrize("mode", RoutingMode)
@pytest.mark.parametrize("number", [1, 2, 17])
def test_nothing_of_ones_own_is_among_the_entries(mode, number):
    own = node(number)

    wanted = peers.wanted(own, Routing(mode=mode, zones=2))

    entries = {field for entry in wanted.neighbours | wanted.forwarding for field in entry}
    assert entries.isdisjoint({str(own.address), str(PLAN.gateway(own.address))})
    assert {route.destination for route in wanted.routes.values()}.isdisjoint(
        {str(own.block), f"{own.address}/32"}
    )


def test_a_thousand_peers_are_known_in_a_large_vpc():
    large = AddressPlan(IPv4Network("172.16.0.0/16"), IPv4Network("10.0.0.0/8"), 24, 16, 22)
    own = Node(large, "eth0", IPv4Address("172.16.0.11"), 9001)

    wanted = peers.wanted(own, Routing(mode=RoutingMode.OVERLAY))

    assert (len(wanted.neighbours), len(wanted.forwarding), len(wanted.routes)) == (
        2024,
        1012,
        2024,
    )


EMPTY = peers.State(frozenset(), frozenset(), {})


def batches(want, have, unmanaged=()):
    """The commands of a difference by what they are for, without empty ones."""
    found = peers.difference(want, have, unmanaged, [])
    return {name: {*commands} for name, (_, commands) in found.items() if commands}


def test_nothing_is_changed_where_the_kernel_has_everything():
    wanted = peers.wanted(node(), Routing(mode=RoutingMode.L2))

    assert batches(wanted, wanted) == {}


def test_what_is_missing_is_added_before_anything_stale_is_removed():
    overlay = peers.wanted(node(), Routing(mode=RoutingMode.OVERLAY))
    l2 = peers.wanted(node(), Routing(mode=RoutingMode.L2))

    found = batches(overlay, l2)

    assert list(found) == [
        "routes",
        "stale neighbours",
        "stale forwarding entries",
    ]
    assert found["stale neighbours"] == {
        f"neigh delete 10.1.{k}.1 dev kube-bridge" for k in (2, 3, 4)
    }


def test_a_route_that_podnet_does_not_manage_keeps_its_place():
    wanted = peers.wanted(node(), Routing(mode=RoutingMode.HOST_GW))
    first, *others = wanted.routes

    assert batches(wanted, EMPTY, {first})["routes"] == {
        wanted.routes[other].command() for other in others
    }


def test_an_entry_with_another_mac_is_replaced_and_not_deleted():
    wanted = peers.wanted(node(), Routing(mode=RoutingMode.HOST_GW))
    own = ("podnet0", "192.168.1.12", "02:50:c0:a8:01:0c")
    bent = wanted.neighbours - {own} | {("podnet0", "192.168.1.12", "02:00:00:00:00:01")}

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
        peers.keep_peers(node(), Routing(mode=mode), lambda _, text, __: reported.append(text))

    assert reported == [*routes.values(), ""]
