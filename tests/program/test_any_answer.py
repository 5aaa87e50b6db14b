"""Whatever the look-ups leave out: a whole plan, or one sentence that says what is wrong."""

from __future__ import annotations

from itertools import cycle

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podnet.plan.routing import RoutingMode
from tests.program.conftest import FakeCloud

TAG = "host-gw zones=1 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/26"
ADDRESSES = {f"192.168.1.1{number}" for number in (1, 2)}
NODES = [
    {"address": address, "image": "ami-1", "podnet:routing": TAG, "podnet:network": NETWORK}
    for address in sorted(ADDRESSES)
]
EMPTY = {list: [], str: "", int: 0, float: 0}

AS_GIVEN, ABSENT, NULL, NOTHING, STALE = "as given", "absent", "null", "nothing", "stale"
TREATMENTS = st.lists(
    st.sampled_from([AS_GIVEN, ABSENT, NULL, NOTHING, STALE]), min_size=1, max_size=16
)
MODES = [str(mode) for mode in RoutingMode if mode is not RoutingMode.FLANNEL]


def treated(value, how):
    """An output of a look-up, or a field of an item of it, as it may arrive."""
    if how is STALE and isinstance(value, list):
        return value[: len(value) // 2]
    return EMPTY[type(value)] if how is NOTHING else None if how is NULL else value


def answer(given_, how):
    """An answer with each of its outputs treated in this way, and what is in its lists."""
    items = {
        name: [answer(one, how) if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in given_.items()
    }
    if how is ABSENT:
        return {}
    return {name: treated(value, how) for name, value in items.items()}


def disturbed(treatments):
    """A cloud with two nodes, each of whose answers is treated in another way."""
    cloud, order = FakeCloud(), cycle(treatments)
    routes = {"10.1.1.0/24": "eni-1", "10.1.99.0/24": "eni-x"}
    cloud.holds(*NODES, settled=TAG, routes=routes, rules=["test-in-pods"]).has_cluster(2)
    for token, taken in list(cloud.answers.items()):
        cloud.answers[token] = lambda args, taken=taken: answer(
            taken(args) if callable(taken) else taken, next(order)
        )
    return cloud


def is_whole(cloud, mode):
    """Whether every node and its routing is in the plan."""
    instances, tags = cloud.inputs("Instance").values(), cloud.inputs("Tag").values()
    routings = [item["value"] for item in tags if item["key"] == "podnet:routing"]
    return (
        {item["privateIp"] for item in instances} == ADDRESSES
        and len(routings) == len(ADDRESSES)
        and all(value.startswith(f"{mode} ") for value in routings)
        and len(cloud.of("VpcSecurityGroupRulesExclusive")) == 1
    )


def outcome(cloud, mode, *, dry_run=False):
    """The sentence with which a deployment ends; else whether its plan is whole."""
    try:
        cloud.deploy(dry_run=dry_run, routing=mode, nodeCount="2", nodeRangePrefix="27")
    except pulumi.RunError as error:
        return str(error)
    return is_whole(cloud, mode)


def is_right(found):
    """Whether it is a whole plan, or a sentence that names the setting which leads out."""
    return found is True or (isinstance(found, str) and "podnet:" in found)


@settings(max_examples=25, deadline=None)
@given(treatments=TREATMENTS, mode=st.sampled_from(MODES), dry_run=st.booleans())
def test_any_answers_lead_to_a_whole_plan_or_to_one_sentence(treatments, mode, dry_run):
    assert is_right(outcome(disturbed(treatments), mode, dry_run=dry_run))


@pytest.mark.parametrize("how", [AS_GIVEN, ABSENT, NULL, NOTHING, STALE])
@pytest.mark.parametrize("token", sorted(FakeCloud().holds(settled=None).answers))
def test_one_look_up_may_answer_in_any_way(token, how):
    cloud = disturbed([AS_GIVEN])
    taken = cloud.answers[token]
    cloud.answers[token] = lambda args: answer(taken(args), how)

    assert is_right(outcome(cloud, "overlay"))


def test_what_is_not_treated_is_a_whole_plan():
    cloud = disturbed([AS_GIVEN])

    assert outcome(cloud, "overlay") is True
    assert not is_whole(cloud, "l2")
