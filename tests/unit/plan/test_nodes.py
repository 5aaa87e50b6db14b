"""Nodes and zones of a stack, and how little they depend on how many there are."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.nodes import Node, Zone, planned_nodes, planned_zones
from podnet.plan.settings import Settings


def test_two_nodes_of_the_article():
    zone = Zone(name="a", index=0, subnet=IPv4Network("192.168.1.0/24"))

    assert planned_nodes(Settings()) == (
        Node(
            name="node-1",
            zone=zone,
            address=IPv4Address("192.168.1.11"),
            block=IPv4Network("10.1.1.0/24"),
        ),
        Node(
            name="node-2",
            zone=zone,
            address=IPv4Address("192.168.1.12"),
            block=IPv4Network("10.1.2.0/24"),
        ),
    )


def test_zones_have_letters_and_subnets_of_the_same_size():
    assert planned_zones(Settings(zones=3)) == (
        Zone(name="a", index=0, subnet=IPv4Network("192.168.1.0/26")),
        Zone(name="b", index=1, subnet=IPv4Network("192.168.1.64/26")),
        Zone(name="c", index=2, subnet=IPv4Network("192.168.1.128/26")),
    )


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "a"),
        (2, "ab"),
        (3, "abc"),
        (7, "abcabca"),
    ],
)
def test_nodes_are_dealt_to_the_zones_in_turn(count, expected):
    dealt = planned_nodes(Settings(zones=3, node_count=count))

    assert "".join(node.zone.name for node in dealt) == expected


@given(zones=st.integers(1, 3), one=st.integers(1, 150), two=st.integers(1, 150))
def test_nodes_that_join_or_leave_renumber_nobody(zones, one, two):
    settings = Settings(zones=zones)
    fewer, more = sorted((one, two))

    assert planned_nodes(replace(settings, node_count=more))[:fewer] == planned_nodes(
        replace(settings, node_count=fewer)
    )


@given(zones=st.integers(1, 3), count=st.integers(1, 150))
def test_every_node_lies_in_the_subnet_of_its_zone_and_no_two_blocks_overlap(zones, count):
    planned = planned_nodes(Settings(zones=zones, node_count=count))

    assert all(node.address in node.zone.subnet for node in planned)
    assert len({node.block for node in planned}) == count
