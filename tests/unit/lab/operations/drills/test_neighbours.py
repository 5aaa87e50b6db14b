"""What the drill of neighbours lets pass, and what its tables say."""

import dataclasses

import pytest
from rich.console import Console

from podnet.lab.drill.hosts import Place
from podnet.lab.drill.losses import Losses, PairLosses
from podnet.lab.operations.drills import neighbours, tables
from podnet.lab.operations.drills.neighbours import Crossing, Reached
from tests.refusals import refused

OVERLAY = Reached(
    mode="overlay",
    place=Place.SUBNET,
    named=False,
    pods=4,
    answered=4,
    reached=0,
    host_sees=("node",),
    pods_see=(),
)
ROUTED = dataclasses.replace(OVERLAY, mode="vpc-routes", reached=4, pods_see=("host",))
ELSEWHERE = dataclasses.replace(OVERLAY, mode="vpc-routes", place=Place.ELSEWHERE)
IN_RANGE = dataclasses.replace(
    OVERLAY, place=Place.NODE_RANGE, named=True, answered=0, host_sees=()
)

PAIR = PairLosses(
    source="pod-1a", target="subnet", sent=900, lost=0, outage=0.0, lost_at=(), broken=None
)
KEPT = Crossing(
    before="vpc-routes",
    after="overlay",
    place=Place.SUBNET,
    to_pods=False,
    losses=Losses(pairs=(PAIR,), seconds=9.0),
)


def lossy(crossing, **changes):
    pair = dataclasses.replace(PAIR, **changes)
    return dataclasses.replace(crossing, losses=Losses(pairs=(pair,), seconds=9.0))


@pytest.mark.parametrize(
    "row", [OVERLAY, ROUTED, ELSEWHERE, IN_RANGE], ids=lambda row: f"{row.mode} {row.place}"
)
def test_a_mode_passes_that_is_as_the_documents_promise(row):
    assert row.passed


@pytest.mark.parametrize(
    "row",
    [
        dataclasses.replace(OVERLAY, answered=3),
        dataclasses.replace(OVERLAY, pods=0, answered=0),
        dataclasses.replace(OVERLAY, host_sees=("node", "pod")),
        dataclasses.replace(ROUTED, host_sees=("pod",)),
        dataclasses.replace(OVERLAY, named=True),
        dataclasses.replace(ROUTED, reached=3),
        dataclasses.replace(ROUTED, pods_see=("192.168.1.11",)),
        dataclasses.replace(ELSEWHERE, answered=0, host_sees=()),
        dataclasses.replace(IN_RANGE, named=False),
    ],
    ids=[
        "one pod is not answered",
        "nothing measured",
        "an own address is seen",
        "an own address is seen in vpc-routes",
        "the preview names a neighbour",
        "one pod is not reached",
        "pods see another",
        "elsewhere is not reached",
        "the preview is silent on a host in the range",
    ],
)
def test_any_other_does_not(row):
    assert not row.passed


def test_flows_of_pods_must_go_on_and_nothing_is_promised_for_others():
    lost, broken = lossy(KEPT, lost=1), lossy(KEPT, broken="silent")
    unmeasured = dataclasses.replace(KEPT, losses=Losses(pairs=(), seconds=9.0))

    assert KEPT.passed
    assert not any(each.passed for each in (lost, broken, unmeasured))
    assert dataclasses.replace(broken, to_pods=True).passed
    assert dataclasses.replace(broken, place=Place.NODE_RANGE).passed
    assert not dataclasses.replace(broken, place=Place.ELSEWHERE).passed


class Stack:
    """A stack that cannot be in some modes."""

    name = "lab"

    def __init__(self, *impossible):
        self.impossible = impossible

    def settings(self, once):
        if once["podnet:routing"] in self.impossible:
            raise neighbours.UserError("l2 takes 32 nodes", rule="settings-invalid")


def test_all_modes_that_a_stack_can_be_in_are_measured_and_others_are_named(capsys):
    assert [*neighbours.chosen(Stack(), ())] == [*neighbours.VARIANTS]
    assert [*neighbours.chosen(Stack("l2", "host-gw"), ())] == ["vpc-routes", "overlay", "hybrid"]
    said = capsys.readouterr().err
    assert "cannot be in l2, which is left out" in said
    assert "cannot be in host-gw" in said


def test_a_mode_that_is_asked_for_must_be_possible():
    assert [*neighbours.chosen(Stack("l2"), ("overlay",))] == ["vpc-routes", "overlay"]
    for impossible, asked in (("l2", "l2"), ("vpc-routes", "overlay")):
        with refused("settings-invalid"):
            neighbours.chosen(Stack(impossible), (asked,))


def test_hybrid_is_overlay_with_its_setting_and_overlay_is_without_it():
    found = neighbours.chosen(Stack(), ())

    assert found["hybrid"]["podnet:routing"] == found["overlay"]["podnet:routing"] == "overlay"
    assert found["hybrid"]["podnet:crossZoneOnly"] == "true"
    assert found["overlay"]["podnet:crossZoneOnly"] == "false"


def test_the_tables_say_who_is_reached_whom_it_sees_and_what_became_of_flows():
    gone = dataclasses.replace(lossy(KEPT, lost=300, broken="silent"), to_pods=True)
    unreached = dataclasses.replace(KEPT, losses=Losses(pairs=(), seconds=9.0))
    console = Console(width=120)
    with console.capture() as shown:
        console.print(tables.neighbour_tables([ROUTED, IN_RANGE, KEPT, gone, unreached]))
    lines = [" ".join(line.split()) for line in shown.get().splitlines()]

    assert "vpc-routes subnet 4 of 4 node 4 of 4" in lines
    assert "overlay node range 0 of 4 0 of 4 names it" in lines
    assert "vpc-routes overlay subnet pods went on went on" in lines
    assert "vpc-routes overlay subnet the host 300 of 900 lost silent" in lines
    assert "vpc-routes overlay subnet pods not reached before not reached before" in lines


def test_plain_values_hold_the_verdict_of_each_row():
    rows = [tables.plain_neighbours(each) for each in (ROUTED, lossy(KEPT, broken="silent"))]

    assert [row["passed"] for row in rows] == [True, False]
    assert (rows[0]["seen"], rows[1]["broken"]) == (["node"], ["silent"])
