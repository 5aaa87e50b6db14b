"""The address rule: by example, and by property over all the plans one may configure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.address import AddressPlan
from podnet.plan.names import number_at
from podnet.plan.settings import Settings

MOST_ZONES = 5


def _network(base: int, prefix: int) -> IPv4Network:
    return IPv4Network((base >> (32 - prefix) << (32 - prefix), prefix))


@st.composite
def address_plans(draw: st.DrawFn) -> AddressPlan:
    """Any VPC, subnets and node ranges, and any pod range with a block for each address."""
    vpc_prefix = draw(st.integers(16, 28))
    subnet_prefix = draw(st.integers(vpc_prefix, 28))
    range_prefix = draw(st.integers(max(subnet_prefix, 22), 28))
    bits = 32 - range_prefix + MOST_ZONES.bit_length()
    block_prefix = draw(st.integers(bits, 29))
    pod_prefix = draw(st.integers(0, block_prefix - bits))
    return AddressPlan(
        vpc=_network(draw(st.integers(2**24, 223 * 2**24)), vpc_prefix),
        pods=_network(draw(st.integers(0, 2**32 - 1)), pod_prefix),
        block_prefix=block_prefix,
        subnet_prefix=subnet_prefix,
        range_prefix=range_prefix,
    )


@st.composite
def plans_with_addresses(draw: st.DrawFn) -> tuple[AddressPlan, IPv4Address]:
    """A plan and any address of any of its node ranges."""
    plan = draw(address_plans())
    nodes = plan.node_range(draw(st.integers(0, MOST_ZONES - 1)))
    return plan, nodes[draw(st.integers(0, plan.size - 1))]


@st.composite
def plans_with_nodes(draw: st.DrawFn) -> tuple[AddressPlan, int]:
    """A plan and the number of a node it has an address for."""
    plan = draw(address_plans())
    zone, turn = draw(st.integers(0, MOST_ZONES - 1)), draw(st.integers(1, plan.capacity))
    return plan, zone * plan.size + turn


def plan_of(vpc, pods, block=24, subnet=24, nodes=26):
    return AddressPlan(IPv4Network(vpc), IPv4Network(pods), block, subnet, nodes)


ARTICLE = plan_of("192.168.1.0/24", "10.1.0.0/16")
INSIDE = plan_of("172.20.4.0/22", "10.64.0.0/12", subnet=24, nodes=25)
WHOLE = plan_of("192.168.1.0/24", "10.64.0.0/12", nodes=24)
SMALL_BLOCKS = plan_of("172.20.4.0/22", "10.64.0.0/12", 26, subnet=22, nodes=22)


@pytest.mark.parametrize(
    ("plan", "number", "address", "block"),
    [
        pytest.param(ARTICLE, 1, "192.168.1.11", "10.1.1.0/24", id="first node by default"),
        pytest.param(ARTICLE, 2, "192.168.1.12", "10.1.2.0/24", id="second node by default"),
        pytest.param(ARTICLE, 53, "192.168.1.63", "10.1.53.0/24", id="last node of zone a"),
        pytest.param(ARTICLE, 65, "192.168.2.11", "10.1.65.0/24", id="first node of zone b"),
        pytest.param(ARTICLE, 131, "192.168.3.13", "10.1.131.0/24", id="third node of zone c"),
        pytest.param(INSIDE, 1, "172.20.4.11", "10.64.1.0/24", id="zone a inside a larger VPC"),
        pytest.param(INSIDE, 129, "172.20.5.11", "10.64.129.0/24", id="zone b inside it"),
        pytest.param(WHOLE, 244, "192.168.1.254", "10.64.244.0/24", id="last of a whole subnet"),
        pytest.param(WHOLE, 257, "192.168.2.11", "10.65.1.0/24", id="a block past 256"),
        pytest.param(SMALL_BLOCKS, 300, "172.20.5.54", "10.64.75.0/26", id="blocks of /26"),
    ],
)
def test_node_k_has_the_address_of_the_rule_and_owns_block_k(plan, number, address, block):
    assert plan.node(number) == IPv4Address(address)
    assert plan.block(plan.node(number)) == IPv4Network(block)
    assert number_at(plan, plan.node(number)) == number


def test_the_settings_have_the_numbers_of_the_article():
    assert Settings().addresses == ARTICLE


def test_addresses_below_the_first_node_own_the_last_blocks_of_their_zone():
    assert ARTICLE.block(IPv4Address("192.168.1.9")) == IPv4Network("10.1.63.0/24")
    assert ARTICLE.block(IPv4Address("192.168.1.4")) == IPv4Network("10.1.58.0/24")
    assert ARTICLE.block(IPv4Address("192.168.2.9")) == IPv4Network("10.1.127.0/24")


@given(plans_with_nodes())
def test_node_k_owns_block_k(case):
    plan, number = case
    first = int(plan.pods[0]) + (number << (32 - plan.block_prefix))

    assert plan.block(plan.node(number)) == IPv4Network((first, plan.block_prefix))


@given(plans_with_addresses())
def test_every_block_lies_inside_the_pod_range_and_has_the_block_size(case):
    plan, address = case

    assert plan.block(address).subnet_of(plan.pods)
    assert plan.block(address).prefixlen == plan.block_prefix


@given(plans_with_addresses(), plans_with_addresses())
def test_two_addresses_never_share_a_block(case, other):
    plan, one = case
    two = plan.node_range(other[0].zone(other[1]))[int(other[1]) % plan.size]

    assert plan.block(one).overlaps(plan.block(two)) == (one == two)


@pytest.mark.parametrize("plan", [ARTICLE, INSIDE, WHOLE, SMALL_BLOCKS])
@pytest.mark.parametrize("zones", [1, 3])
def test_the_rule_is_a_bijection_between_addresses_of_node_ranges_and_blocks(plan, zones):
    blocks = [plan.block(address) for zone in range(zones) for address in plan.node_range(zone)]
    first, size = int(plan.pods[0]), 1 << (32 - plan.block_prefix)

    assert len(blocks) == len({*blocks})
    assert {*blocks} == {
        IPv4Network((first + index * size, plan.block_prefix)) for index in range(zones * plan.size)
    }


@given(plans_with_nodes())
def test_a_node_lies_in_the_node_range_of_its_zone_at_no_reserved_address(case):
    plan, number = case
    zone, node = number // plan.size, plan.node(number)
    subnet = plan.subnet(zone)

    assert plan.zone(node) == zone
    assert node in plan.node_range(zone)
    assert plan.node_range(zone).subnet_of(subnet)
    assert node not in {*(subnet[index] for index in range(4)), subnet[-1]}


@given(address_plans())
def test_all_possible_nodes_are_those_with_a_number_each_once(plan):
    nodes = plan.nodes(MOST_ZONES)

    assert len({*nodes}) == len(nodes) == MOST_ZONES * plan.capacity
    assert nodes == tuple(plan.node(number_at(plan, node)) for node in nodes)


@given(plans_with_addresses())
def test_an_address_has_a_number_only_if_it_is_a_nodes(case):
    plan, address = case
    try:
        number = number_at(plan, address)
    except ValueError:
        assert address not in plan.nodes(MOST_ZONES)
    else:
        assert plan.node(number) == address


@given(address_plans(), st.integers(0, MOST_ZONES - 1))
def test_a_zone_has_no_node_beyond_its_capacity(plan, zone):
    for turn in range(plan.capacity + 1, plan.size + 1):
        number = zone * plan.size + turn
        with pytest.raises(ValueError, match=f"node {number} has no address"):
            plan.node(number)


@pytest.mark.parametrize("number", [0, -1, -64, -1000])
def test_nodes_are_counted_from_one(number):
    with pytest.raises(ValueError, match=f"node {number} has no address"):
        ARTICLE.node(number)


@given(address_plans())
def test_subnets_are_disjoint_and_the_vpc_holds_the_first_ones(plan):
    subnets = [plan.subnet(zone) for zone in range(MOST_ZONES)]
    inside = 1 << (plan.subnet_prefix - plan.vpc.prefixlen)

    assert not any(one.overlaps(two) for one, two in combinations(subnets, 2))
    assert [subnet.subnet_of(plan.vpc) for subnet in subnets] == [
        zone < inside for zone in range(MOST_ZONES)
    ]


@pytest.mark.parametrize(
    "address", ["192.168.1.64", "192.168.1.255", "192.168.0.255", "192.168.0.11", "10.1.1.1"]
)
def test_an_address_outside_the_node_ranges_has_no_block_and_no_number(address):
    with pytest.raises(ValueError, match=f"{address} is in no node range"):
        ARTICLE.block(IPv4Address(address))
    with pytest.raises(ValueError, match=f"{address} is the address of no node"):
        number_at(ARTICLE, IPv4Address(address))


def test_an_address_of_a_zone_that_the_pod_range_has_no_blocks_for_has_no_block():
    with pytest.raises(ValueError, match="lies outside the pod range"):
        ARTICLE.block(IPv4Address("192.168.5.11"))
