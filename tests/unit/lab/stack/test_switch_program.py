"""The whole program on moto by the embedded engine: at every moment of a switch packets flow."""

from __future__ import annotations

from itertools import combinations, count, pairwise, permutations

import pytest

from podnet.lab.engines.embedded import Engine
from tests.unit.lab.stack.watched import NEEDS, STACK, WAIT

pytestmark = pytest.mark.slow

LIVE = ("vpc-routes", "host-gw", "overlay")
ROUND = (
    "vpc-routes",
    "overlay",
    "vpc-routes",
    "host-gw",
    "overlay",
    "hybrid",
    "overlay",
    "host-gw",
    "vpc-routes",
)
FIRST = ("vpc-routes", "overlay")
"""Between these nothing is shared, so a switch has the most steps; the others take minutes more."""


def first_and_long(switches):
    """Parameters: the first switch for every run of the tests, the others for the long ones."""
    return [
        pytest.param(*each, id="-".join(each), marks=() if each == FIRST else pytest.mark.long)
        for each in switches
    ]


def test_nothing_is_taken_away_that_a_node_may_still_use(cluster):
    cluster.switch(ROUND[0])
    for word in ROUND[1:]:
        cluster.provider.begin()
        calls = cluster.switch(word)
        tag, wait = calls.index(("update", "Tag")), calls.index(WAIT)

        assert cluster.provider.there() == NEEDS[word]
        assert cluster.provider.assigned() == word
        assert {verb for verb, _ in calls[:tag]} <= {"create"}
        assert calls[tag + 1 : wait + 2] == [WAIT, ("update", "Tag")]
        assert {verb for verb, _ in calls[wait + 2 :]} <= {"update", "delete"}
    cluster.provider.begin()

    assert cluster.switch(ROUND[-1]) == [WAIT]


def test_the_round_holds_every_switch_that_pods_live_through():
    assert set(pairwise(ROUND)) >= set(permutations(LIVE, 2))


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), list(combinations(LIVE, 2)))
def test_a_switch_that_ends_between_any_two_steps_is_taken_back_or_finished(cluster, before, after):
    cluster.switch(before)
    cuts = {(before, after): 0, (after, before): 0}
    for moment in count():
        more = False
        for _there_and_back in cuts:
            cluster.provider.begin()
            cut = cluster.is_cut_off(after, moment)
            if cut:
                more = True
                cuts[before, after] += 1
                cluster.ends_in(before)
                assert cluster.is_cut_off(after, moment)
            cluster.ends_in(after)
            before, after = after, before
        if not more:
            break
    # A tag of the node, the wait, a tag of the VPC, and what only one of the two modes needs.
    assert min(cuts.values()) >= 3 + len(NEEDS[before] ^ NEEDS[after])


@pytest.mark.parametrize(("before", "after"), first_and_long(permutations(LIVE, 2)))
def test_the_way_back_may_be_cut_off_as_well(cluster, before, after):
    cluster.switch(before)
    assigned = cluster.switch(after).index(WAIT)
    cluster.switch(before)
    for moment in count(1):
        cluster.provider.begin()
        assert cluster.is_cut_off(after, assigned)
        cut = cluster.is_cut_off(before, moment)
        cluster.ends_in(before)
        if not cut:
            break
    # The tag of the node is the first step of the way back, then come the wait and what goes.
    assert moment >= 2 + len(NEEDS[after] - NEEDS[before])


def test_a_node_that_is_rolled_has_its_address_and_its_route_is_moved_in_place(cluster, ec2):
    cluster.switch("vpc-routes")
    old = cluster.engine("vpc-routes").outputs()["nodes"]["node-1"]
    cluster.image = "ami-760aaa0f"
    kept = cluster.switch("vpc-routes")

    assert kept == [WAIT]

    config = {
        "podnet:roll": '["node-1"]',
        "podnet:nodeCount": "1",
        "podnet:imageId": cluster.image,
        "podnet:sessionManager": "false",
    }
    cluster.provider.calls.clear()
    engine = Engine(cluster.project, STACK, cluster.state, {"aws": cluster.provider}, config=config)
    engine.up()
    new = engine.outputs()["nodes"]["node-1"]

    assert cluster.provider.calls == [
        ("delete", "Instance"),
        ("create", "Instance"),
        ("create", "Tag"),
        ("update", "Route"),
        ("create", "Tag"),
        WAIT,
    ]
    assert new["instanceId"] != old["instanceId"]
    assert new["imageId"] == "ami-760aaa0f"
    own = dict.fromkeys(("imageId", "instanceId", "publicIp"), "")
    assert {**new, **own} == {**old, **own}
    (instance,) = ec2.describe_instances(InstanceIds=[new["instanceId"]])["Reservations"][0][
        "Instances"
    ]
    assert instance["ImageId"] == "ami-760aaa0f"
