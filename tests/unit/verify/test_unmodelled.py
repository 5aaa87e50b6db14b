"""What is not modelled: it fails the packets that it touches, and is named beside the others."""

import pytest

from podnet.plan.routing import RoutingMode
from podnet.verify.packet import Cause
from tests.unit.verify.broken import Paper
from tests.unit.verify.test_broken import MIXED, MODES, OUT, POD_PAIRS, paper

NATIVE_ROUTED = POD_PAIRS | MIXED


def fails_on_the_way_there(odd):
    """Whether nothing fails for its answer alone."""
    return all(verdict.path.drop for verdict in odd.prove().failed)


@pytest.mark.parametrize("mode", MODES)
def test_what_touches_nothing_fails_nothing_and_is_named(mode):
    proof = paper(mode).doubted().prove()

    assert proof.holds
    assert proof.beside == ("odd-1 is odd",)
    assert proof.to_json()["beside"] == ["odd-1 is odd"]


@pytest.mark.parametrize("mode", MODES)
def test_what_touches_what_no_packet_meets_fails_nothing(mode):
    proof = paper(mode).doubted("eni-of-somebody", "main").prove()

    assert (proof.holds, proof.beside) == (True, ("odd-1 is odd",))


@pytest.mark.parametrize("mode", MODES)
def test_an_interface_that_is_not_modelled_fails_what_it_sends_and_receives(mode):
    odd = paper(mode).doubted("the interface of node-2")

    found = odd.failing()

    assert {*found.values()} == {Cause.NOT_MODELLED}
    assert all("node-2" in source + target for source, target in found)
    assert ("node-1", "node-2") in found
    assert odd.prove().beside == ()
    assert fails_on_the_way_there(odd)


def test_a_border_that_is_not_modelled_fails_what_crosses_it():
    in_two_zones = Paper.of(
        zones=2, node_count=2, routing=RoutingMode.OVERLAY, node_range_prefix=27
    )
    odd = in_two_zones.doubted("subnet b")
    found = odd.failing()

    assert fails_on_the_way_there(odd)
    assert {*found.values()} == {Cause.NOT_MODELLED}
    assert ("node-1", "node-33") in found
    assert ("node-33", "internet") in found
    assert ("node-1", "node-2") not in found
    # Inside the subnet no packet crosses its border.
    assert ("node-33", "node-34") not in found


def test_a_table_that_is_not_modelled_fails_what_it_routes():
    assert paper("vpc-routes").doubted("route table a").failing() == dict.fromkeys(
        NATIVE_ROUTED | OUT, Cause.NOT_MODELLED
    )
    assert paper("host-gw").doubted("route table a").failing().keys() == OUT


def test_a_target_that_is_not_modelled_fails_what_is_routed_to_it():
    changed = paper("vpc-routes").route("0.0.0.0/0", "nat-1")

    assert {*changed.failing().values()} == {Cause.BLACKHOLE}
    assert changed.doubted("nat-1").failing() == dict.fromkeys(OUT, Cause.NOT_MODELLED)


def test_a_gateway_with_a_table_of_its_own_fails_what_goes_through_it():
    found = paper("overlay").doubted("the internet gateway").failing()

    assert found == dict.fromkeys(OUT, Cause.NOT_MODELLED)


def test_a_rule_that_is_not_modelled_decides_only_where_no_other_rule_lets_pass():
    odd = paper("host-gw").doubted("the group of the nodes")

    assert odd.prove().holds
    assert {*odd.without_rule("pods").failing().values()} == {Cause.NOT_MODELLED}


def test_all_that_touches_one_thing_is_named():
    odd = paper("overlay").doubted("subnet a").doubted("subnet a")

    proof = odd.prove()

    assert proof.beside == ()
    assert "odd-1 is odd; odd-1 is odd, which is not modelled" in proof.failed[0].failure.reason


@pytest.mark.parametrize(
    "touches", ["the interface of node-33", "subnet b", "route table a", "the group of the nodes"]
)
@pytest.mark.parametrize("mode", [RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY])
def test_a_class_is_treated_as_each_of_its_members(mode, touches):
    odd = Paper.of(zones=2, node_count=2, routing=mode, node_range_prefix=27).doubted(touches)
    assert odd.failing() == odd.failing_each()
