import drain
import pytest
from drain import Drain


class Kubectl:
    """Records the drains; fails as long as `refusal` is set."""

    def __init__(self):
        self.calls = []
        self.refusal = ""

    def __call__(self, *argv):
        self.calls.append(argv)
        if self.refusal:
            raise OSError(f"`kubectl drain` ended with 1: a\n{self.refusal}\ntimeout: 20s\n")
        return ""


@pytest.fixture
def kubectl():
    return Kubectl()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until a test moves it."""
    now = [1000.0]
    monkeypatch.setattr(drain.time, "monotonic", lambda: now[0])
    return now


BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."


def test_a_drain_leaves_daemon_sets_and_evicts_all_else(kubectl, clock, capsys):
    assert Drain(kubectl).attempt("node-3")

    assert kubectl.calls == [
        (
            "drain",
            "node-3",
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--force",
            "--timeout=20s",
            "--skip-wait-for-delete-timeout=60",
        )
    ]
    assert capsys.readouterr().out == (
        "nodes: draining node-3: pods of DaemonSets stay, disruption budgets are respected for "
        "5 minutes\n"
    )


def test_a_disruption_budget_holds_a_node_up_and_is_logged_once(kubectl, clock, capsys):
    subject, kubectl.refusal = Drain(kubectl), BUDGET

    assert [subject.attempt("node-3") for _ in range(3)] == [False, False, False]
    assert all("--disable-eviction" not in call for call in kubectl.calls)
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"nodes: draining node-3 continues: {BUDGET}"
    ]


def test_after_the_limit_the_budget_counts_no_more(kubectl, clock, capsys):
    subject, kubectl.refusal = Drain(kubectl), BUDGET
    subject.attempt("node-3")
    clock[0] += drain.PATIENCE
    kubectl.refusal = ""

    assert subject.attempt("node-3")
    assert "--disable-eviction" in kubectl.calls[-1]
    assert "without regard to disruption budgets" in capsys.readouterr().out


def test_after_the_limit_the_node_goes_even_if_its_pods_do_not_end(kubectl, clock):
    subject, kubectl.refusal = Drain(kubectl), "timed out"
    assert not subject.attempt("node-3")
    clock[0] += drain.PATIENCE

    assert subject.attempt("node-3")


def test_the_next_drain_of_the_same_node_has_all_its_time_again(kubectl, clock):
    subject = Drain(kubectl)
    assert subject.attempt("node-3")
    clock[0] += drain.PATIENCE
    kubectl.refusal = BUDGET

    assert not subject.attempt("node-3")


def test_one_attempt_is_shorter_than_what_ends_a_command():
    assert drain.ATTEMPT < 30
