"""`kill -9` of `up` and of `switch`, at moments spread evenly over what they log.

`PODNET_KILLS` says at how many moments the long form kills each, `PODNET_SEED` repeats a run.
"""

from __future__ import annotations

import os

import pytest

from tests.lab.end_to_end.killing import Killed, Moment, kills, say

pytestmark = pytest.mark.lab

KILLS = int(os.environ.get("PODNET_KILLS") or 40)
MODES = ("vpc-routes", "overlay", "host-gw")


@pytest.fixture
def make(capfd):
    """A factory of labs of so many nodes; each prints its seed at once, and leaves nothing."""
    labs = []

    def lab(nodes):
        labs.append(Killed(nodes))
        with capfd.disabled():
            say(f"\nPODNET_SEED={labs[-1].seed}")
        return labs[-1]

    yield lab
    for each in labs:
        each.end()


def switch_to(mode):
    return ("switch", mode, "--yes", "--engine", "embedded")


def check(lab, census):
    lab.run(*lab.up)
    lab.check_green()
    assert lab.census() == census, "something is there twice, or is missing"


def test_one_kill_of_each_command_is_mended_by_the_next_up(make):
    lab = make(1)
    moments = [Moment(lab.draw.randrange(1, 5), lab.draw.random() * 2) for _ in range(2)]
    try:
        lab.kill(moments[0], *lab.up)
        lab.run(*lab.up)
        lab.check_green()
        census = lab.census()
        lab.kill(moments[1], *switch_to("overlay"))
        check(lab, census)
    except BaseException as error:
        error.add_note(f"PODNET_SEED={lab.seed}: up {moments[0]}, switch {moments[1]}")
        raise
    lab.run("down")

    lab.check_nothing_left()
    assert census["Instances"] == 1


@pytest.mark.long
def test_up_is_killed_at_any_moment(make, capfd):
    lab = make(2)
    _, timeline = lab.run(*lab.up)
    lab.check_green()
    census = lab.census()

    def around():
        check(lab, census)
        lab.run("down")
        lab.check_nothing_left()

    lab.run("down")
    with capfd.disabled():
        kills(lab, timeline, KILLS, lambda: lab.up, around)


@pytest.mark.long
def test_switch_is_killed_at_any_moment(make, capfd):
    lab = make(2)
    lab.run(*lab.up)
    census = {}
    for mode in (*MODES[1:], MODES[0]):
        _, timeline = lab.run(*switch_to(mode))
        lab.check_green()
        assert lab.routing() == mode
        census[mode] = lab.census()

    def words():
        # Whatever the kill before has left: the mode that was kept is the beginning of the next.
        return switch_to(lab.draw.choice([mode for mode in MODES if mode != lab.routing()]))

    def around():
        lab.run(*lab.up)
        lab.check_green()
        assert lab.census() == census[lab.routing()], "something is there twice, or is missing"

    with capfd.disabled():
        kills(lab, timeline, KILLS, words, around)
    lab.run("down")
    lab.check_nothing_left()
