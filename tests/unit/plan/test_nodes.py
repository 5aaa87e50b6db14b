"""Nodes and zones of a stack, and how little they depend on how many there are."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.names import node_name
from podnet.plan.nodes import (
    Node,
    Zone,
    listed,
    names_of,
    planned_nodes,
    planned_zones,
    secondary_ranges,
)
from podnet.plan.settings import Settings


def zone(name, index, subnet, nodes):
    return Zone(name=name, index=index, subnet=IPv4Network(subnet), nodes=IPv4Network(nodes))


ZONE_A = zone("a", 0, "192.168.1.0/24", "192.168.1.0/26")


def test_two_nodes_of_the_article():
    assert planned_nodes(Settings()) == (
        Node(
            name="node-1",
            zone=ZONE_A,
            address=IPv4Address("192.168.1.11"),
            block=IPv4Network("10.1.1.0/24"),
        ),
        Node(
            name="node-2",
            zone=ZONE_A,
            address=IPv4Address("192.168.1.12"),
            block=IPv4Network("10.1.2.0/24"),
        ),
    )


def test_further_zones_have_the_subnets_that_follow_and_are_added_to_the_vpc():
    settings = Settings(zones=3)

    assert planned_zones(settings) == (
        ZONE_A,
        zone("b", 1, "192.168.2.0/24", "192.168.2.0/26"),
        zone("c", 2, "192.168.3.0/24", "192.168.3.0/26"),
    )
    assert secondary_ranges(settings) == planned_zones(settings)[1:]


def test_a_larger_vpc_holds_the_subnets_of_its_first_zones():
    settings = Settings(vpc_cidr=IPv4Network("192.168.2.0/23"), subnet_prefix=24, zones=3)

    assert [str(each.subnet) for each in planned_zones(settings)] == [
        "192.168.2.0/24",
        "192.168.3.0/24",
        "192.168.4.0/24",
    ]
    assert [each.name for each in secondary_ranges(settings)] == ["c"]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2, "1a 2a 65b 66b 129c 130c"),
        ((3, 1, 1), "1a 2a 3a 65b 129c"),
        ((1, 0, 2), "1a 129c 130c"),
    ],
)
def test_each_zone_has_its_own_nodes(count, expected):
    found = planned_nodes(Settings(zones=3, node_count=count))

    assert " ".join(f"{node.name[5:]}{node.zone.name}" for node in found) == expected


COUNTS = st.integers(0, 53)


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=3))
def test_nodes_that_join_or_leave_renumber_nobody(pairs):
    fewer, more = (tuple(map(pick, pairs)) for pick in (min, max))
    settings = Settings(zones=len(pairs), node_count=more)

    assert {*planned_nodes(replace(settings, node_count=fewer))} <= {*planned_nodes(settings)}


@given(st.integers(1, 3), st.integers(1, 53), st.integers(24, 28))
def test_a_zone_more_moves_no_node(zones, count, prefix):
    plan = Settings(node_range_prefix=prefix).addresses
    settings = Settings(
        zones=zones,
        node_count=min(count, plan.capacity),
        node_range_prefix=prefix,
        pod_cidr=IPv4Network("10.0.0.0/12"),
    )
    more = replace(settings, zones=zones + 1)

    assert planned_nodes(more)[: sum(settings.counts)] == planned_nodes(settings)
    assert planned_zones(more)[:zones] == planned_zones(settings)
    assert more.fingerprint == settings.fingerprint


@given(zones=st.integers(1, 3), count=st.integers(1, 53))
def test_every_node_lies_in_the_node_range_of_its_zone_and_no_two_blocks_overlap(zones, count):
    planned = planned_nodes(Settings(zones=zones, node_count=count))

    assert all(node.address in node.zone.nodes for node in planned)
    assert len({node.block for node in planned}) == count * zones


@given(zones=st.integers(1, 9), counts=st.lists(st.integers(0, 13), min_size=9, max_size=9))
def test_a_list_of_nodes_is_read_back_and_a_tag_holds_it(zones, counts):
    nodes = [
        replace(planned_nodes(Settings(node_count=1))[0], name=node_name(zone * 65536 + turn + 1))
        for zone in range(zones)
        for turn in range(counts[zone % len(counts)])
    ]
    text = listed(nodes)

    assert len(text) <= 256
    if nodes:
        assert names_of(text) == tuple(node.name for node in nodes)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1", ["node-1"]),
        ("1-3 33", ["node-1", "node-2", "node-3", "node-33"]),
        ("2-2", ["node-2"]),
    ],
)
def test_a_list_of_nodes_is_numbers_and_runs(text, names):
    assert names_of(text) == tuple(names)


@pytest.mark.parametrize("text", ["", "0", "3-1", "node-1", "1,2", "1-", "-1", "01", "1-9999999"])
def test_what_is_no_list_of_nodes_is_refused(text):
    with pytest.raises(ValueError, match=r"node|written"):
        names_of(text)
