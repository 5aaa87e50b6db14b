"""Routes without a target, and those that are about to lose it."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from podnet.plan import blackholes
from podnet.plan.blackholes import Blackhole, Blackholes
from podnet.plan.vpc_routes import VpcRoute

PODS = IPv4Network("10.1.0.0/16")
ranges = st.builds(
    lambda first, second, prefix: IPv4Network((f"10.{first}.{second}.0", prefix), strict=False),
    st.integers(0, 2),
    st.integers(0, 3),
    st.sampled_from([8, 16, 24, 25]),
)
targets = st.sampled_from(["eni-1", "eni-2", "eni-3", "tgw-1", "igw-1", "another target"])
routes = st.builds(VpcRoute, destination=ranges, target=targets)
tables = st.dictionaries(st.sampled_from(["rtb-1", "rtb-2"]), st.lists(routes).map(tuple))


def flat(found):
    return {(one.table, one.route) for one in found}


@given(tables, st.sets(targets))
def test_stale_are_the_routes_to_pods_by_an_interface_that_is_not_there(found, existing):
    expected = {
        (table, route)
        for table, held in found.items()
        for route in held
        if route.destination.subnet_of(PODS)
        and route.target.startswith("eni-")
        and route.target not in existing
    }

    assert flat(blackholes.stale(found, PODS, existing)) == expected
    assert blackholes.stale(found, PODS, blackholes.targets(found, PODS)) == ()


@given(tables, st.sets(targets), st.sets(st.tuples(st.sampled_from(["rtb-1", "rtb-2"]), ranges)))
def test_to_come_are_all_routes_to_what_goes_but_for_the_managed_ones(found, going, managed):
    leaving = {target: f"the node of {target}" for target in going}
    kept = blackholes.to_come(found, leaving, managed)
    expected = {
        (table, route)
        for table, held in found.items()
        for route in held
        if route.target in going and (table, route.destination) not in managed
    }

    assert flat(kept) == expected
    assert all(one.node == leaving[one.route.target] for one in kept)


def test_where_there_are_none_nothing_is_said():
    assert [*blackholes.remarks(Blackholes())] == []


def test_each_is_named_with_table_destination_target_and_a_way_out():
    route = VpcRoute(destination=IPv4Network("10.1.3.0/24"), target="eni-3")
    stale = Blackhole(table="rtb-1", route=route)
    to_come = Blackhole(table="rtb-2", route=route, node="node-3")
    one, other = blackholes.remarks(Blackholes(stale=(stale,), to_come=(to_come,)))

    assert (one.is_warning, other.is_warning) == (True, True)
    assert "gone: 10.1.3.0/24 to eni-3 in rtb-1. They drop" in one.text
    assert "aws ec2 delete-route --route-table-id TABLE" in one.text
    assert "become blackholes: 10.1.3.0/24 to eni-3 of node-3 in rtb-2. A node" in other.text
