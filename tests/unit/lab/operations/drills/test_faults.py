"""When a fault counts as passed, and how its row reads."""

import dataclasses

import pytest

from podnet.lab.drill import Losses
from podnet.lab.drill.faults import FAULTS
from podnet.lab.operations.drills.faults import FaultOutcome

HEALED = FaultOutcome(
    fault="bridge deleted",
    healed=True,
    seconds=2.14,
    named="",
    whole=True,
    losses=Losses(pairs=(), seconds=3.0),
)
NAMED = dataclasses.replace(HEALED, healed=False, named="filters of others: a drop")


@pytest.mark.parametrize(
    ("outcome", "passed", "words"),
    [
        (HEALED, True, "healed after 2.1 s"),
        (NAMED, True, "named after 2.1 s: filters of others: a drop"),
        (
            dataclasses.replace(HEALED, whole=False),
            False,
            "healed after 2.1 s; the node is not as before",
        ),
        (
            dataclasses.replace(HEALED, healed=False, seconds=20.0),
            False,
            "neither healed nor named in 20 s",
        ),
    ],
    ids=["healed", "named", "not as before", "neither"],
)
def test_a_fault_passes_if_it_is_healed_or_named_and_the_node_works_in_the_end(
    outcome, passed, words
):
    assert (outcome.passed, outcome.words) == (passed, words)


def test_there_are_at_least_25_faults_of_different_names():
    names = [fault.name for fault in FAULTS]

    assert len(names) == len(set(names)) >= 25
