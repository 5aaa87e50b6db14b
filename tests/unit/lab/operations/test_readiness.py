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
    monkeypatch.setattr(readiness, "STALL_SECONDS", 0.0)


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


class FakeNode:
    """A node that reads from this root file system."""

    instance_id = "i-1"

    def __init__(self, root):
        self.root = root


@pytest.fixture
def clock(monkeypatch):
    """A clock on which each poll takes a second."""
    now = [0.0]
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(readiness.time, "sleep", lambda _: now.__setitem__(0, now[0] + 1))
    monkeypatch.setattr(readiness, "STALL_SECONDS", 60.0)
    return now


@pytest.mark.parametrize("file", ["console.log", "var/log/cloud-init.log"])
def test_a_node_is_waited_for_while_it_writes(home, clock, monkeypatch, tmp_path, file):
    """A line each 50 s for five minutes, then none."""
    node = FakeNode(tmp_path)
    monkeypatch.setattr(readiness, "running_nodes", lambda _home, _ec2: [node])
    grows = home.instances / "i-1" / file if file == "console.log" else tmp_path / file
    grows.parent.mkdir(parents=True)
    grows.write_text("")

    def note(_):
        if clock[0] <= 300 and clock[0] % 50 == 0:
            grows.write_text(grows.read_text() + "a line\n")

    with refused("nodes-not-ready") as caught:
        readiness.wait_ready(home, FakeEc2({}), {"node-1": "i-1"}, note)

    assert 360 <= clock[0] <= 362
    assert "without progress for 60 s" in str(caught.value)
    assert "`podnet up` waits again" in str(caught.value)


def test_the_seconds_that_systemd_counts_are_no_progress(home, clock, monkeypatch, tmp_path):
    monkeypatch.setattr(readiness, "running_nodes", lambda _home, _ec2: [FakeNode(tmp_path)])
    console = home.instances / "i-1/console.log"
    console.parent.mkdir(parents=True)
    console.write_text("[  OK  ] Reached target network\r\n")

    def note(_):
        seconds = f"({clock[0]:.0f}s / no limit)"
        line = f"[\x1b[0;31m*\x1b[0m   ] Job podnet-agent.service/start running {seconds}"
        with console.open("a") as file:
            file.write(f"{line}\r\r\r\n\x1bM\r\x1b[K")

    with refused("nodes-not-ready") as caught:
        readiness.wait_ready(home, FakeEc2({}), {"node-1": "i-1"}, note)

    assert clock[0] == 60
    assert "console: [*   ] Job podnet-agent.service/start running (60s / no limit)\n" in str(
        caught.value
    )


def test_a_node_without_user_data_is_not_waited_for_and_its_reboot_is_named(
    home, clock, monkeypatch, tmp_path
):
    cloud = tmp_path / "run/cloud-init/cloud-id"
    cloud.parent.mkdir(parents=True)
    cloud.write_text("none\n")
    monkeypatch.setattr(readiness, "running_nodes", lambda _home, _ec2: [FakeNode(tmp_path)])

    with refused("nodes-not-ready") as caught:
        readiness.wait_ready(home, FakeEc2({}), {"node-1": "i-1"}, str)

    assert clock[0] == readiness.CERTAIN_SECONDS
    assert "`podnet exec node-1 -- systemctl reboot`" in str(caught.value)
    assert "aws ec2 reboot-instances --instance-ids i-1`" in str(caught.value)


def test_while_it_waits_it_says_for_what_and_how_long_nothing_has_come(home, clock):
    console = home.instances / "i-1/console.log"
    console.parent.mkdir(parents=True)
    console.write_text("Reached target network\n")
    notes = []
    with refused("nodes-not-ready"):
        readiness.wait_ready(home, FakeEc2({"i-1": "running"}), {"node-1": "i-1"}, notes.append)

    said = "node-1: it has not booted yet; the last line of its console: Reached target network"
    assert notes[0] == f"0 of 1 ready; {said}"
    assert notes[20] == f"0 of 1 ready, 20 s without progress; {said}"
    assert clock[0] == 60
