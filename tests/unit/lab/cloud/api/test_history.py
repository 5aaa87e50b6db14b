"""Former states of the API: which of them a read of so many seconds ago is answered from."""

from __future__ import annotations

import pytest

from podnet.lab.cloud.api.call import Call
from podnet.lab.cloud.api.fault_injection.history import History

WRITE = Call("ec2", "r", "CreateVpc")
READ = Call("ec2", "r", "DescribeVpcs")


class Timeline:
    """A state that is a list of moments, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.states = {"r": ["beginning"]}
        self.history = History(lambda _, region: (self.states, region), lambda: self.now)

    def write(self, at: float, keep: float = 10) -> None:
        self.now = at
        self.history.keep(WRITE, keep)
        self.states["r"].append(f"write at {at:g}")

    def read(self, at: float, seconds: float, call: Call = READ) -> str:
        self.now = at
        with self.history.seconds_ago(call, seconds):
            return self.states["r"][-1]


@pytest.fixture
def timeline():
    made = Timeline()
    for moment in (1, 2, 4):
        made.write(moment)
    return made


@pytest.mark.parametrize(
    ("at", "seconds", "seen"),
    [
        (4, 3.5, "beginning"),
        (4, 2.5, "write at 1"),
        (4, 1.5, "write at 2"),
        (5, 1.5, "write at 2"),
        (5, 0.5, "write at 4"),
        (5, 0, "write at 4"),
        (9, 5, "write at 4"),
    ],
)
def test_a_read_is_answered_from_the_state_of_that_moment(timeline, at, seconds, seen):
    assert timeline.read(at, seconds) == seen
    assert timeline.states["r"][-1] == "write at 4"


def test_an_error_in_the_past_leaves_the_present(timeline):
    with pytest.raises(LookupError), timeline.history.seconds_ago(READ, 3):
        raise LookupError

    assert timeline.states["r"][-1] == "write at 4"


def test_other_services_are_never_stale(timeline):
    assert timeline.read(4, 3.5, Call("ssm", "r", "GetParameter")) == "write at 4"


def test_states_are_forgotten_when_no_read_can_ask_for_them(timeline):
    timeline.write(100, keep=99)

    assert timeline.read(101, 99.5) == "write at 1"
    timeline.write(102, keep=0)
    assert timeline.read(102, 100.5) == "write at 102"
