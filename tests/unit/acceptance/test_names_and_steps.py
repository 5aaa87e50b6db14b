"""The names of runs, and what each step deploys."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from podnet.acceptance.names import (
    TAG,
    identity_of,
    new_run,
    parameters_of,
    region_of,
    run_of,
    run_of_parameter,
)
from podnet.acceptance.steps import WAY, Wanted, steps
from podnet.plan.acknowledgement import parameter
from podnet.plan.config import load
from podnet.plan.routing import RoutingMode
from podnet.plan.tags import STACK

RUN = "eu-central-1-0a1b2c"
LIVE = {RoutingMode.VPC_ROUTES, RoutingMode.HOST_GW, RoutingMode.OVERLAY}
WANTED = Wanted(run=RUN, region="eu-central-1", nodes=3, instance_type="t3.small")


def test_a_run_has_its_region_in_its_name():
    for region in ("eu-central-1", "us-gov-west-1", "ap-southeast-12"):
        run = new_run(region)
        assert region_of(run) == region
        assert run_of({TAG: run, STACK: identity_of(run)}) == run
    assert new_run("eu-central-1") != new_run("eu-central-1")


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {TAG: RUN},
        {STACK: identity_of(RUN)},
        {TAG: RUN, STACK: identity_of("eu-central-1-ffffff")},
        {TAG: RUN, STACK: "organization/podnet/dev"},
        {TAG: "all", STACK: identity_of("all")},
    ],
)
def test_a_resource_without_both_tags_of_one_run_is_of_none(tags):
    assert run_of(tags) is None


def test_a_parameter_is_of_a_run_by_its_name_alone():
    name = parameter(identity_of(RUN), "node-1")

    assert run_of_parameter(name) == RUN
    assert name.startswith(parameters_of("eu-central-1"))
    assert not name.startswith(parameters_of("eu-central-2"))
    for other in (
        parameter("organization/podnet/dev", "node-1"),
        parameter(identity_of("mine"), "node-1"),
        f"/other{name}",
    ):
        assert run_of_parameter(other) is None


def test_the_way_has_every_switch_between_live_modes_and_l2_and_back():
    made = list(pairwise(WAY))

    assert {*made} >= {(one, two) for one in LIVE for two in LIVE if one is not two}
    assert len({*made}) == len(made)
    assert {one for one, two in made if two is RoutingMode.L2} == {RoutingMode.VPC_ROUTES}
    assert WAY[0] is WAY[-1] is RoutingMode.VPC_ROUTES
    # What others carry changes on no running stack.
    assert {*WAY} == {*RoutingMode} - {RoutingMode.FLANNEL, RoutingMode.EXTERNAL}


def test_every_step_has_settings_that_podnet_takes():
    found = list(steps(WANTED))

    settings = [load(step.settings) for step in found]
    assert [each.routing for each in settings] == [*WAY, *[WAY[-1]] * 3]
    assert {each.node_count for each in settings} == {3}
    assert all(each.tags == {TAG: RUN} for each in settings)
    assert [step.boots for step in found] == [True] + [False] * (len(WAY) - 1) + [True] * 3


def test_nodes_are_rolled_one_at_a_time_with_other_user_data():
    rolled = [step for step in steps(WANTED) if step.replaced]

    assert [sorted(step.replaced) for step in rolled] == [["node-1"], ["node-2"], ["node-3"]]
    assert [json.loads(step.settings["podnet:roll"]) for step in rolled] == [
        ["node-1"],
        ["node-2"],
        ["node-3"],
    ]
    some = replace(WANTED, rolled=("node-2",))
    assert [sorted(step.replaced) for step in steps(some) if step.replaced] == [["node-2"]]
    first = next(steps(WANTED))
    assert all(load(each.settings).extra_user_data for each in rolled)
    assert not load(first.settings).extra_user_data
