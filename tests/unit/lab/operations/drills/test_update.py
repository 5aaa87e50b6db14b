"""What the drill of updates makes of what it saw."""

import dataclasses

import pytest

from podnet.lab.drill.losses import Losses, PairLosses
from podnet.lab.operations.drills import update

PAIR = PairLosses(
    source="pod-1a", target="pod-2a", sent=9, lost=0, outage=0.0, lost_at=(), broken=None
)
LOSSES = Losses(pairs=(PAIR,), seconds=1.0)
UPDATED = update.UpdateOutcome(
    case="update",
    node="node-1",
    before="a",
    wanted="b",
    after="b",
    seconds=7.0,
    refusal="",
    losses=LOSSES,
)
REFUSED = dataclasses.replace(UPDATED, case="never ready", after="a", refusal="b is refused: why")


@pytest.mark.parametrize("outcome", [UPDATED, REFUSED])
def test_a_node_passes_that_runs_what_it_should_and_lost_nothing(outcome):
    assert outcome.passed


@pytest.mark.parametrize(
    "outcome",
    [
        dataclasses.replace(UPDATED, after="a"),
        dataclasses.replace(UPDATED, refusal="b is refused: why"),
        dataclasses.replace(REFUSED, after="b"),
        dataclasses.replace(REFUSED, refusal=""),
        dataclasses.replace(
            UPDATED, losses=Losses(pairs=(dataclasses.replace(PAIR, lost=1),), seconds=1.0)
        ),
        dataclasses.replace(UPDATED, losses=Losses(pairs=(), seconds=1.0)),
    ],
    ids=["stays", "refused", "not back", "never refused", "lost", "measured nothing"],
)
def test_any_other_does_not(outcome):
    assert not outcome.passed


def test_a_node_has_the_pairs_of_its_pods_in_either_place():
    back = dataclasses.replace(PAIR, source="pod-2a", target="pod-1a")
    other = dataclasses.replace(PAIR, source="pod-2a", target="pod-3a")
    all_pairs = Losses(pairs=(PAIR, back, other), seconds=1.0)

    assert update._of_node(all_pairs, {"pod-1a"}).pairs == (PAIR, back)  # noqa: SLF001
