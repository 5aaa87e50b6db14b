"""The address rule: by example, and by property over all the plans one may configure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.address import AddressPlan
from podnet.plan.settings import Settings


def _network(base: int, prefix: int) -> IPv4Network:
    return IPv4Network((base >> (32 - prefix) << (32 - prefix), prefix))


@st.composite
def address_plans(draw: st.DrawFn) -> AddressPlan:
    """Any VPC from /16 to /28 and any pod range that has a block for each of its addresses."""
    zones = draw(st.integers(1, 3))
    vpc_prefix = draw(st.integers(16, 28 - (zones - 1).bit_length()))
    block_prefix = draw(st.integers(32 - vpc_prefix, 29))
    pod_prefix = draw(st.integers(0, block_prefix - (32 - vpc_prefix)))
    address = st.integers(0, 2**32 - 1)
    return AddressPlan(
        vpc=_network(draw(address), vpc_prefix),
        pods=_network(draw(address), pod_prefix),
        block_prefix=block_prefix,
        zones=zones,
    )


@st.composite
def plans_with_addresses(draw: st.DrawFn) -> tuple[AddressPlan, IPv4Address]:
    """A plan and any address of its VPC."""
    plan = draw(address_plans())
    return plan, plan.vpc[draw(st.integers(0, plan.vpc.num_addresses - 1))]


@st.composite
def plans_with_nodes(draw: st.DrawFn) -> tuple[AddressPlan, int]:
    """A plan and the number of a node it has an address for."""
    plan = draw(address_plans())
    return plan, draw(st.integers(1, plan.capacity))


ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)
OTHER = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 24)
SMALL_BLOCKS = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 26)
THREE_ZONES = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, zones=3)


@pytest.mark.parametrize(
    ("plan", "number", "address", "block"),
    [
        pytest.param(ARTICLE, 1, "192.168.1.11", "10.1.1.0/24", id="first node by default"),
        pytest.param(ARTICLE, 2, "192.168.1.12", "10.1.2.0/24", id="second node by default"),
        pytest.param(ARTICLE, 244, "192.168.1.254", "10.1.244.0/24", id="last node by default"),
        pytest.param(OTHER, 1, "172.20.4.11", "10.64.1.0/24", id="other ranges"),
        pytest.param(OTHER, 300, "172.20.5.54", "10.65.44.0/24", id="a node past the first 256"),
        pytest.param(SMALL_BLOCKS, 1, "172.20.4.11", "10.64.0.64/26", id="blocks of /26"),
        pytest.param(THREE_ZONES, 1, "192.168.1.11", "10.1.1.0/24", id="zone a"),
        pytest.param(THREE_ZONES, 2, "192.168.1.75", "10.1.65.0/24", id="zone b"),
        pytest.param(THREE_ZONES, 3, "192.168.1.139", "10.1.129.0/24", id="zone c"),
        pytest.param(THREE_ZONES, 4, "192.168.1.12", "10.1.2.0/24", id="zone a again"),
    ],
)
def test_a_node_has_the_address_and_block_of_the_rule(plan, number, address, block):
    assert plan.node(number) == IPv4Address(address)
    assert plan.block(plan.node(number)) == IPv4Network(block)


def test_the_settings_have_the_numbers_of_the_article():
    assert Settings().addresses == ARTICLE


def test_a_vpc_address_below_the_first_node_wraps_to_the_end_of_the_pod_range():
    assert ARTICLE.block(IPv4Address("192.168.1.9")) == IPv4Network("10.1.255.0/24")
    assert ARTICLE.owner(IPv4Address("10.1.255.1")) == IPv4Address("192.168.1.9")


@given(plans_with_addresses())
def test_every_block_lies_inside_the_pod_range_and_has_the_block_size(case):
    plan, address = case

    assert plan.block(address).subnet_of(plan.pods)
    assert plan.block(address).prefixlen == plan.block_prefix


@given(plans_with_addresses())
def test_the_owner_of_every_address_of_a_block_is_the_address_it_came_from(case):
    plan, address = case
    block = plan.block(address)

    assert plan.owner(block[0]) == address
    assert plan.owner(block[-1]) == address


@given(plans_with_addresses(), st.data())
def test_two_vpc_addresses_never_share_a_block(case, data):
    plan, one = case
    two = plan.vpc[data.draw(st.integers(0, plan.vpc.num_addresses - 1))]

    assert plan.block(one).overlaps(plan.block(two)) == (one == two)


@pytest.mark.parametrize("plan", [ARTICLE, OTHER, SMALL_BLOCKS, THREE_ZONES])
def test_the_rule_is_a_bijection_between_vpc_addresses_and_blocks(plan):
    blocks = {plan.block(address) for address in plan.vpc}
    first = int(plan.pods[0])
    size = 1 << (32 - plan.block_prefix)

    assert blocks == {
        IPv4Network((first + index * size, plan.block_prefix))
        for index in range(plan.vpc.num_addresses)
    }


@given(plans_with_nodes())
def test_a_node_lies_in_the_subnet_of_its_zone_at_no_reserved_address(case):
    plan, number = case
    subnet = plan.subnets[(number - 1) % plan.zones]

    assert plan.node(number) in subnet
    assert plan.node(number) not in {*(subnet[index] for index in range(4)), subnet[-1]}


@given(plans_with_nodes())
def test_no_node_has_the_address_of_another(case):
    plan, number = case
    others = {plan.node(other) for other in range(max(1, number - 50), number)}

    assert plan.node(number) not in others


@given(address_plans())
def test_as_many_nodes_have_an_address_as_the_capacity_says(plan):
    assert plan.node(plan.capacity) in plan.vpc
    for number in range(plan.capacity + 1, plan.capacity + plan.zones + 1):
        with pytest.raises(ValueError, match=f"node {number} has no address in "):
            plan.node(number)


def test_nodes_are_counted_from_one():
    with pytest.raises(ValueError, match="node 0 has no address"):
        ARTICLE.node(0)


@given(address_plans())
def test_subnets_are_disjoint_parts_of_the_vpc_one_a_zone(plan):
    assert len(plan.subnets) == plan.zones
    assert all(subnet.subnet_of(plan.vpc) for subnet in plan.subnets)
    assert not any(one.overlaps(two) for one, two in pairwise(plan.subnets))


@pytest.mark.parametrize("address", ["192.168.2.11", "10.1.1.1"])
def test_an_address_outside_the_vpc_has_no_block(address):
    with pytest.raises(ValueError, match=f"{address} is not in the VPC 192.168.1.0/24"):
        ARTICLE.block(IPv4Address(address))


@pytest.mark.parametrize(
    ("plan", "pod"),
    [
        pytest.param(ARTICLE, "10.2.0.1", id="outside the pod range"),
        pytest.param(OTHER, "10.68.0.1", id="inside the pod range, past the last block"),
        pytest.param(ARTICLE, "192.168.1.11", id="a node"),
    ],
)
def test_an_address_in_no_block_has_no_owner(plan, pod):
    with pytest.raises(ValueError, match=f"{pod} is in no node's block"):
        plan.owner(IPv4Address(pod))


def test_a_pod_range_that_is_too_small_is_refused_by_the_rule_itself():
    plan = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/20"), 24)

    with pytest.raises(ValueError, match="lies outside the pod range"):
        plan.block(IPv4Address("192.168.1.30"))


@given(plans_with_nodes())
def test_a_node_has_the_number_it_got_its_address_by(plan_and_number):
    plan, number = plan_and_number

    assert plan.number(plan.node(number)) == number


@given(plans_with_addresses())
def test_an_address_has_a_number_only_if_it_is_a_nodes(plan_and_address):
    plan, address = plan_and_address
    try:
        number = plan.number(address)
    except ValueError:
        assert address not in plan.nodes(plan.capacity)
    else:
        assert plan.node(number) == address
