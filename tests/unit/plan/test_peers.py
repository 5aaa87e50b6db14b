from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.address import AddressPlan, bridge_mac, overlay_mac

PODS = IPv4Network("10.0.0.0/8")


def plan(zones=1, vpc="192.168.0.0/22"):
    return AddressPlan(IPv4Network(vpc), PODS, 24, zones)


@given(st.integers(1, 3), st.integers(1, 900), st.data())
def test_peers_are_all_possible_nodes_but_oneself(zones, most, data):
    rule = plan(zones)
    number = data.draw(st.integers(1, most + 5).filter(lambda one: one <= rule.capacity))
    own = rule.node(number)

    expected = {rule.node(other) for other in range(1, min(most, rule.capacity) + 1)} - {own}
    assert set(rule.peers(own, most)) == expected


def test_a_vpc_with_fewer_addresses_than_asked_for_has_fewer_peers():
    small = plan(vpc="192.168.1.0/28")

    assert small.nodes(250) == tuple(IPv4Address(f"192.168.1.{host}") for host in (11, 12, 13, 14))


@given(st.integers(1, 3), st.integers(1, 700))
def test_a_subnet_holds_the_node(zones, number):
    rule = plan(zones)
    node = rule.node(number)

    assert node in rule.subnet(node)
    assert rule.subnet(node) == rule.subnets[(number - 1) % zones]


def test_the_gateway_is_the_first_address_of_the_block():
    article = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)

    assert article.gateway(IPv4Address("192.168.1.12")) == IPv4Address("10.1.2.1")


@pytest.mark.parametrize(
    ("mac", "text"),
    [(overlay_mac, "02:50:c0:a8:01:0b"), (bridge_mac, "02:51:c0:a8:01:0b")],
    ids=["overlay", "bridge"],
)
def test_a_mac_holds_the_address(mac, text):
    assert mac(IPv4Address("192.168.1.11")) == text


def test_no_two_macs_are_the_same():
    nodes = plan().nodes(1000)

    assert len({mac(node) for node in nodes for mac in (overlay_mac, bridge_mac)}) == 2 * len(nodes)
