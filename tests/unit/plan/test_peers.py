from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.address import AddressPlan, bridge_mac, overlay_mac


def plan(nodes=26):
    return AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/8"), 24, 24, nodes)


@given(st.integers(1, 3), st.integers(24, 28), st.data())
def test_peers_are_all_possible_nodes_of_all_zones_but_oneself(zones, nodes, data):
    rule = plan(nodes)
    possible = rule.nodes(zones)
    own = data.draw(st.sampled_from(possible))

    assert {*rule.peers(own, zones)} == {*possible} - {own}


@given(st.integers(1, 3), st.data())
def test_a_zone_more_takes_no_peer_away_and_changes_no_block(zones, data):
    rule = plan()
    own = data.draw(st.sampled_from(rule.nodes(zones)))

    assert {*rule.peers(own, zones)} <= {*rule.peers(own, zones + 1)}
    assert len(rule.peers(own, zones + 1)) == len(rule.peers(own, zones)) + rule.capacity


def test_a_range_of_sixteen_addresses_has_five_nodes_and_the_whole_of_a_subnet_four():
    in_a_subnet = plan(28)
    whole = AddressPlan(in_a_subnet.vpc, in_a_subnet.pods, 24, 28, 28)

    assert in_a_subnet.nodes(1) == tuple(
        IPv4Address(f"192.168.1.{host}") for host in (11, 12, 13, 14, 15)
    )
    assert whole.nodes(1) == in_a_subnet.nodes(1)[:4]


def test_the_gateway_is_the_first_address_of_the_block():
    assert plan().gateway(IPv4Address("192.168.1.12")) == IPv4Address("10.0.2.1")


@pytest.mark.parametrize(
    ("mac", "text"),
    [(overlay_mac, "02:50:c0:a8:01:0b"), (bridge_mac, "02:51:c0:a8:01:0b")],
    ids=["overlay", "bridge"],
)
def test_a_mac_holds_the_address(mac, text):
    assert mac(IPv4Address("192.168.1.11")) == text


def test_no_two_macs_are_the_same():
    nodes = plan().nodes(3)

    assert len({mac(node) for node in nodes for mac in (overlay_mac, bridge_mac)}) == 2 * len(nodes)
