"""Every fault of a running node is healed, or named where the node is asked how it is."""

import json
import sys

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.lab.drill.faults import FAULTS
from podnet.lab.operations.drills import late

pytestmark = pytest.mark.lab

SAMPLE = ("bridge deleted", "iptables -P FORWARD DROP")
FAULTY = [fault.name for fault in FAULTS]
TWO_POLLS = 2 * 2
BUSY = 6
"""Seconds that a busy machine may add to two polls, the matrix included."""


def drill(lab, names):
    words = [word for name in names for word in ("--only", name)]
    command = ["--lab", str(lab.home.directory), "drill", "faults", "--json", *words]
    ran = CliRunner().invoke(app, command)
    return ran, json.loads(ran.stdout)


def test_a_sample_is_healed_within_two_polls(lab):
    lab.stack.save({"podnet:nodeCount": "2"})

    ran, outcomes = drill(lab, SAMPLE)

    assert [outcome["fault"] for outcome in outcomes] == [*SAMPLE]
    assert [
        outcome
        for outcome in outcomes
        if not (outcome["healed"] and outcome["whole"]) or outcome["seconds"] > TWO_POLLS + BUSY
    ] == []
    assert ran.exit_code == 0


@pytest.mark.long
def test_a_switch_that_a_frozen_node_does_not_follow_stops_and_loses_nothing(lab):
    lab.stack.save({"podnet:nodeCount": "2"})

    ran, [outcome] = drill(lab, [late.STOPPED])

    assert outcome["named"].startswith("node-1 (i-")
    assert "podnet-agent.service" in outcome["named"]
    assert (outcome["lost"], outcome["broken"], outcome["whole"]) == (0, 0, True)
    assert ran.exit_code == 0


@pytest.mark.long
def test_a_switch_in_front_of_a_slow_metadata_service_takes_longer_and_loses_nothing(lab):
    lab.stack.save({"podnet:nodeCount": "2"})

    ran, [outcome] = drill(lab, [late.SLOW])

    assert (outcome["healed"], outcome["lost"], outcome["broken"]) == (True, 0, 0)
    assert ran.exit_code == 0


@pytest.mark.long
def test_every_fault_is_healed_or_named(lab):
    lab.stack.save({"podnet:nodeCount": "2"})

    ran, outcomes = drill(lab, FAULTY)
    # `pytest -rP` shows it, for docs/results.
    sys.stdout.write(ran.stdout)

    assert len(outcomes) == len(FAULTS)
    assert [
        outcome
        for outcome in outcomes
        if not outcome["whole"] or not (outcome["healed"] or outcome["named"])
    ] == []
    assert ran.exit_code == 0
