"""Killed after any change, or left without a reply, a deployment is finished by the next one."""

from __future__ import annotations

import itertools
import os
import random
import time

import pytest

from podnet.lab.engines.embedded import EngineError
from tests.refusals import refused
from tests.unit.lab.engines.adoption import wire as wires

SEED = int(os.environ.get("SEED") or time.time_ns() % 10**6)

BEGINNINGS = [
    pytest.param(None, {}, id="first"),
    pytest.param({}, {"nodeCount": "3"}, id="scale-up", marks=pytest.mark.long),
    pytest.param({}, {"routing": "overlay"}, id="switch", marks=pytest.mark.long),
    pytest.param({}, {"flowLogs": "all"}, id="flow-logs", marks=pytest.mark.long),
]
"""What is deployed already, and what is deployed under the fault; the first for every run."""


def begin(deployments, before):
    if before is not None:
        deployments.changes(**before)


def is_killed(deployments, moment, after):
    try:
        with deployments.wire.cut(wires.killed_at(moment)):
            deployments.engine(**after).up()
    except wires.KilledError:
        return True
    return False


@pytest.fixture
def expected(deployments):
    """What an undisturbed deployment of the same makes."""

    def of(before, after):
        begin(deployments, before)
        deployments.changes(**after)
        whole = deployments.census()
        deployments.start_afresh()
        return whole

    return of


def assert_finished(deployments, whole, after):
    deployments.changes(**after)

    assert deployments.census() == whole
    assert deployments.engine(**after).preview().changes == ()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), BEGINNINGS)
def test_every_up_is_killed_and_the_last_one_finishes_what_all_of_them_began(
    deployments, expected, before, after
):
    print(f"SEED={SEED}")  # noqa: T201  # pytest shows it where the test fails
    chance = random.Random(SEED)  # noqa: S311  # no secret
    whole = expected(before, after)
    begin(deployments, before)
    killed = 0
    while is_killed(deployments, chance.randrange(7 if before is None else 2), after):
        killed += 1

    assert killed > 1
    assert_finished(deployments, whole, after)


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), BEGINNINGS)
def test_killed_after_each_change_in_turn(deployments, expected, before, after):
    whole = expected(before, after)
    for moment in itertools.count():
        begin(deployments, before)
        if not is_killed(deployments, moment, after):
            break
        assert_finished(deployments, whole, after)
        deployments.start_afresh()

    # As many moments as an undisturbed deployment has changes.
    assert moment == len(deployments.wire.changes) >= 5


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), BEGINNINGS)
def test_the_first_reply_to_every_change_is_lost(deployments, expected, before, after):
    whole = expected(before, after)
    begin(deployments, before)
    try:
        with deployments.wire.cut(wires.first_replies_lost()):
            deployments.engine(**after).up()
    except EngineError:
        pass  # EC2 refuses much of what is asked for twice

    assert_finished(deployments, whole, after)


@pytest.mark.slow
def test_a_stack_that_another_state_deploys_is_refused_before_anything_is_changed(deployments):
    deployments.changes()
    whole = deployments.census()
    deployments.state.rename(deployments.state.with_name("elsewhere.json"))

    with refused("state-missing", EngineError):
        deployments.engine().up()
    deployments.state.with_name(f"{deployments.state.name}.backup").unlink()
    with refused("stack-in-another-state", EngineError):
        deployments.engine().up()
    assert deployments.census() == whole


@pytest.mark.slow
def test_what_was_begun_is_destroyed_as_well(deployments):
    nothing = deployments.census()
    assert is_killed(deployments, 21, {})
    deployments.engine().destroy()

    assert deployments.census() == nothing


@pytest.mark.slow
def test_a_resource_deleted_behind_the_state_is_made_again(deployments, ec2):
    deployments.changes()
    whole = deployments.census()
    (table,) = (
        table
        for table in ec2.describe_route_tables()["RouteTables"]
        if any(route.get("DestinationCidrBlock") == "10.1.2.0/24" for route in table["Routes"])
    )
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="10.1.2.0/24")
    deployments.engine().refresh()

    assert_finished(deployments, whole, {})
