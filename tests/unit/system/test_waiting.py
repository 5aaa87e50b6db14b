from types import SimpleNamespace

import pytest

from podnet.system import waiting
from podnet.system.waiting import wait_until


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves."""
    now = SimpleNamespace(seconds=1000.0)

    def sleep(seconds):
        now.seconds += seconds

    monkeypatch.setattr(
        waiting, "time", SimpleNamespace(monotonic=lambda: now.seconds, sleep=sleep)
    )
    return now


def test_an_answer_that_is_true_at_once_costs_no_time(clock):
    assert wait_until(lambda: "here", 60) == "here"
    assert clock.seconds == 1000


def test_it_asks_again_until_the_answer_is_true(clock):
    answers = iter([None, [], "here"])

    assert wait_until(lambda: next(answers), 60, poll=0.5) == "here"
    assert clock.seconds == 1001


def test_the_last_answer_comes_back_when_the_time_has_passed(clock):
    asked = []

    def ask():
        asked.append(clock.seconds)
        return 0

    assert wait_until(ask, 2, poll=0.5) == 0
    assert asked == [1000, 1000.5, 1001, 1001.5, 1002]


def test_it_asks_once_where_there_is_no_time_at_all(clock):
    assert wait_until(lambda: "here", 0) == "here"
    assert wait_until(lambda: None, -1) is None


def test_an_error_of_the_question_ends_the_wait(clock):
    def ask():
        raise LookupError

    with pytest.raises(LookupError):
        wait_until(ask, 60)
