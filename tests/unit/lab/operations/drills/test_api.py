"""The drill of a faulty API: attempts under a fault, what counts as done, and the words for it."""

from __future__ import annotations

import pytest

from podnet.errors import UserError
from podnet.lab.drill import Losses, PairLosses
from podnet.lab.operations.drills import api
from podnet.lab.operations.drills.api import CASES, MISSING, PERMISSION, TRIES, Case, Outcome, Run


class Ec2:
    """So many VPCs, and a gateway for each."""

    def __init__(self, vpcs: int) -> None:
        self.vpcs = vpcs

    def describe_vpcs(self, **_):
        return {"Vpcs": [{}] * self.vpcs}

    def describe_internet_gateways(self, **_):
        return {"InternetGateways": [{}] * self.vpcs}


class Stack:
    name, identity, endpoint = "lab", "organization/podnet/lab", "http://127.0.0.1:1"

    def __init__(self, vpcs: int) -> None:
        self.ec2 = Ec2(vpcs)


@pytest.fixture
def treatments(monkeypatch):
    """The faults that held at each attempt, and after it."""
    made = []
    monkeypatch.setattr(
        api.control, "change", lambda _, settings: made.append(len(settings.faults))
    )
    return made


def attempts(failing: int, *, vpcs: int = 1, name: str = "deploy"):
    """What the drill makes of work that fails so often."""
    calls = []

    def work() -> None:
        calls.append("call")
        if len(calls) <= failing:
            raise UserError(f"reason {len(calls)}\nand more")

    run = Run(Stack(vpcs), Case(name="lost", faults=("lost=first",)))
    done, words = run._attempts(name, work)  # noqa: SLF001
    return done, words, len(calls)


def test_what_is_done_at_once_is_done(treatments):
    assert attempts(0) == (True, "done", 1)
    assert treatments == [1, 0]


def test_another_attempt_goes_on_under_the_same_fault(treatments):
    assert attempts(2) == (True, "done at attempt 3 (reason 1; then reason 2)", 3)
    assert treatments == [1, 0, 1, 0, 1, 0]


def test_the_last_attempt_is_without_the_fault_and_is_said_to_be(treatments):
    done, words, calls = attempts(TRIES)

    assert (done, calls) == (True, TRIES + 1)
    assert words.startswith("done once the fault had ended (reason 1;")
    assert treatments[-2:] == [0, 0]


def test_what_fails_in_the_end_is_not_done(treatments):
    assert attempts(TRIES + 1) == (False, f"not done: reason {TRIES + 1}", TRIES + 1)


def test_a_thing_that_is_there_twice_or_left_is_not_done(treatments):
    assert attempts(0, vpcs=2)[:2] == (
        False,
        "done; 2 VPCs of the stack, 2 internet gateways of the stack",
    )
    assert attempts(0, vpcs=1, name="destroy")[0] is False
    assert attempts(0, vpcs=0, name="destroy")[0] is True


@pytest.mark.parametrize("operation", [*MISSING])
def test_the_missing_permission_is_missing_at_the_first_attempt_alone(operation):
    def allowed(attempt: int) -> set[str]:
        (policy,) = Case(name=PERMISSION).settings(operation, attempt).policies
        return {action for each in policy["Statement"] for action in each["Action"]}

    assert allowed(2) - allowed(1) == {MISSING[operation]}


def test_every_fault_is_one_that_the_api_has():
    texts = [str(each) for case in CASES for each in case.settings("deploy", 1).faults]

    assert texts == ["stale=5", "throttle=30%", "lost=first"]


def test_a_lost_packet_does_not_pass():
    pair = PairLosses(
        source="a", target="b", sent=9, lost=1, outage=0.01, lost_at=(0.1,), broken=None
    )
    outcome = {"fault": "stale", "operation": "switch", "done": True, "words": "done"}

    assert not Outcome(**outcome, losses=Losses(pairs=(pair,), seconds=1.0)).passed
    assert Outcome(**outcome, losses=Losses(pairs=(), seconds=1.0)).passed
    assert Outcome(**outcome).passed
