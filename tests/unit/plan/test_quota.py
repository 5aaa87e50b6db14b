"""How many routes are needed, and what is said when they are too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.quota import FIXED, Routes
from plan.settings import Settings


def test_every_node_has_a_route_in_the_table_of_every_zone():
    routes = Routes.of(Settings(node_count=40, zones=3), 50)

    assert routes.count() == (
        "vpc-routes puts 120 pod routes into 3 route tables; with 2 of its own a table holds 42 of "
        "at most 50 (quota L-93826ACB), room for 8 nodes more"
    )


@pytest.mark.parametrize(("nodes", "headroom"), [(47, 1), (48, 0), (49, -1)])
def test_the_table_is_full_at_the_quota_less_the_routes_it_has_anyway(nodes, headroom):
    assert Routes(nodes=nodes, tables=1, quota=50).headroom == headroom


@given(st.integers(1, 1000), st.integers(1, 3), st.integers(0, 1000))
def test_headroom_is_how_many_nodes_more_just_fit(nodes, tables, quota):
    more = Routes(nodes=nodes, tables=tables, quota=quota).headroom

    assert nodes + more + FIXED == quota


def test_too_many_are_told_with_what_would_fit_and_the_way_past_a_late_answer():
    assert Routes.of(Settings(node_count=60), 50).excess() == (
        "podnet:nodeCount 60 is more than the route quota takes: vpc-routes puts 60 pod routes "
        "into 1 route table; with 2 of its own a table holds 62 of at most 50 (quota L-93826ACB), "
        "12 too many. Use at most 48 nodes, or podnet:routing host-gw or overlay, which need no "
        "routes of the VPC, or ask AWS for more (at most 1000) and, while Service Quotas does not "
        "show it yet, set podnet:ignoreRouteQuota to true"
    )


@pytest.mark.parametrize(
    ("nodes", "zones", "modes"),
    [
        (60, 1, "host-gw or overlay, which need"),
        (60, 3, "overlay, which needs"),
        (32, 1, "host-gw or overlay or l2, which need"),
        (32, 2, "overlay or l2, which need"),
    ],
)
def test_only_modes_that_take_as_many_nodes_and_zones_are_offered(nodes, zones, modes):
    excess = Routes.of(Settings(node_count=nodes, zones=zones), 10).excess()

    assert f"or podnet:routing {modes} no routes of the VPC" in excess
