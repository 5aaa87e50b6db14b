import subprocess
from ipaddress import IPv4Address, IPv4Network

import agent
import machine
import pytest

from plan.address import AddressPlan
from plan.routing import Routing

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)
NODE = machine.Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
STEPS = ("keep_sysctls", "keep_node", "keep_uplink", "keep_peers")

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ON_LINK = "kube-bridge\t0001010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def default_route(link, metric=0, mask="00000000"):
    return f"{link}\t00000000\t0101A8C0\t0003\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


@pytest.mark.parametrize(
    ("routes", "link"),
    [
        (default_route("eth0"), "eth0"),
        (ON_LINK + default_route("ens5", 100), "ens5"),
        (default_route("ens6", 200) + default_route("ens5", 100), "ens5"),
        (default_route("tun0", mask="00000080") + default_route("eth0", 100), "eth0"),
    ],
    ids=["alone", "after another route", "least metric", "half the internet is no default"],
)
def test_the_primary_link_is_that_of_the_default_route(routes, link):
    assert machine.default_link(HEADER + routes) == link


def test_without_a_default_route_there_is_no_primary_link():
    with pytest.raises(LookupError, match="no default route yet"):
        machine.default_link(HEADER + ON_LINK)


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    """An agent whose steps do nothing unless a test says otherwise."""
    subject = agent.Agent(ARTICLE, tmp_path / "cni", tmp_path / "state")
    subject.node = NODE
    subject.metadata.routing = Routing()
    monkeypatch.setattr(subject.metadata, "keep", lambda: "")
    monkeypatch.setattr(subject.ruleset, "keep", lambda *_: "")
    monkeypatch.setattr(agent, "keep_links", lambda *_: "")
    monkeypatch.setattr(agent, "keep_conflist", lambda *_: "")
    for step in STEPS:
        monkeypatch.setattr(subject, step, lambda *_: "")
    return subject


@pytest.mark.parametrize(
    "error",
    [
        OSError("no such file"),
        LookupError("no route"),
        ValueError("not in the VPC"),
        subprocess.TimeoutExpired("nft", 10),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failing_step_is_told_once_and_hides_no_other(quiet, monkeypatch, capsys, error):
    later = []

    def fail():
        raise error

    monkeypatch.setattr(quiet, "keep_sysctls", fail)
    monkeypatch.setattr(agent, "keep_conflist", lambda *_: later.append(1) or "")

    assert [quiet.reconcile() for _ in range(3)] == [False, False, False]
    assert len(later) == 3
    assert capsys.readouterr().out == f"sysctls: {error}\n"


def test_a_step_that_works_again_says_so(quiet, monkeypatch, capsys):
    outcomes = [OSError("gone"), None, None]

    def step(*_):
        if error := outcomes.pop(0):
            raise error
        return ""

    monkeypatch.setattr(quiet.ruleset, "keep", step)

    assert [quiet.reconcile() for _ in range(3)] == [False, True, True]
    assert capsys.readouterr().out == "table: gone\ntable: works again\n"


def test_a_poll_that_changes_nothing_logs_nothing(quiet, capsys):
    assert quiet.reconcile()
    assert capsys.readouterr().out == ""


def test_a_changed_problem_is_told(quiet, monkeypatch, capsys):
    problems = ["first", "second", "second"]

    def step(*_):
        raise OSError(problems.pop(0))

    monkeypatch.setattr(quiet.ruleset, "keep", step)
    for _ in range(3):
        quiet.reconcile()

    assert capsys.readouterr().out == "table: first\ntable: second\n"


@pytest.mark.parametrize(
    ("known", "ready"), [(Routing(), True), (None, False)], ids=["once told", "never told"]
)
def test_a_node_that_was_told_its_routing_is_ready_without_the_metadata_service(
    quiet, monkeypatch, known, ready
):
    def dead():
        raise OSError("the metadata service does not answer")

    quiet.metadata.routing = known
    monkeypatch.setattr(quiet.metadata, "keep", dead)

    assert quiet.reconcile() is ready


def test_nothing_is_done_before_the_node_is_known(quiet, monkeypatch):
    done = []
    quiet.node = None
    monkeypatch.setattr(agent, "keep_links", lambda *_: done.append("links") or "")
    monkeypatch.setattr(agent, "keep_conflist", lambda *_: done.append("conflist") or "")

    quiet.reconcile()

    assert done == []


def test_a_refused_command_is_named_as_one_could_paste_it(monkeypatch):
    def refuse(*_, **__):
        raise OSError(
            "`ip -force -batch -` ended with 1: RTNETLINK answers: File exists\n"
            "Command failed -:2\nRTNETLINK answers: No such process\n"
            "Command failed -:3"
        )

    monkeypatch.setattr(machine, "run", refuse)

    with pytest.raises(OSError, match="add two") as refusal:
        machine.tell("ip", ["add one", "add two", "add three"])
    assert str(refusal.value) == "`ip add two` and 1 more: RTNETLINK answers: File exists"
