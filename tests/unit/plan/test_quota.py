"""Routes of a stack against the quota."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan.quota import BUILT_IN, RouteBudget
from podnet.plan.settings import Settings


def test_every_node_has_a_route_in_the_table_of_every_zone():
    budget = RouteBudget.of(Settings(node_count=40, zones=3), 50)

    assert (budget.nodes, budget.tables, budget.quota) == (40, 3, 50)


@pytest.mark.parametrize(("nodes", "headroom"), [(47, 1), (48, 0), (49, -1)])
def test_the_table_is_full_at_the_quota_less_the_routes_it_has_anyway(nodes, headroom):
    assert RouteBudget(nodes=nodes, tables=1, quota=50).headroom == headroom


@given(st.integers(1, 1000), st.integers(1, 3), st.integers(0, 1000))
def test_headroom_is_how_many_nodes_more_just_fit(nodes, tables, quota):
    more = RouteBudget(nodes=nodes, tables=tables, quota=quota).headroom

    assert nodes + more + BUILT_IN == quota
