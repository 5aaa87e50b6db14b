"""A node that is not ready is named with the reason."""

import pytest

from podnet.lab.operations import readiness
from tests.refusals import refused


class FakeEc2:
    """Describes these instances, by id and state."""

    def __init__(self, states):
        self._states = states

    def can_paginate(self, _operation):
        return False

    def describe_instances(self, Filters):  # noqa: N803  # boto3's name
        (wanted,) = Filters
        found = [
            {"InstanceId": each, "State": {"Name": state}}
            for each, state in self._states.items()
            if each in wanted["Values"]
        ]
        return {"Reservations": [{"Instances": [each]} for each in found]}


@pytest.fixture(autouse=True)
def no_node_runs(monkeypatch):
    monkeypatch.setattr(readiness, "running_nodes", lambda _home, _ec2: [])
    monkeypatch.setattr(readiness, "READY_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ({"i-1": "stopped"}, "its instance is stopped"),
        ({"i-1": "stopping"}, "its instance is stopping"),
        ({"i-1": "running"}, "it has not booted yet"),
        ({"i-2": "running"}, "its instance is gone"),
    ],
    ids=["stopped", "stopping", "booting", "gone"],
)
def test_a_node_without_a_process_is_named_by_the_state_of_its_instance(home, states, reason):
    notes = []
    with refused("nodes-not-ready") as caught:
        readiness.wait_ready(home, FakeEc2(states), {"node-1": "i-1"}, notes.append)

    assert f"- node-1: {reason}" in str(caught.value)
    assert notes[-1].startswith(f"0 of 1 ready; node-1: {reason}")


@pytest.mark.parametrize(
    ("console", "end"),
    [
        ("one\ncloud-init: failed\n\n", "; the last line of its console: cloud-init: failed"),
        ("", ""),
    ],
    ids=["written", "empty"],
)
def test_the_last_line_of_the_console_is_shown(home, console, end):
    file = home.instances / "i-1/console.log"
    file.parent.mkdir(parents=True)
    file.write_text(console)

    with refused("nodes-not-ready") as caught:
        readiness.wait_ready(home, FakeEc2({"i-1": "running"}), {"node-1": "i-1"}, str)

    assert f"it has not booted yet{end}\n" in str(caught.value)
