import dataclasses
import subprocess
from ipaddress import IPv4Address, IPv4Network

import agent
import machine
import pytest
from steps import Steps

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)
NODE = machine.Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
ROUTING = Routing()

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


class Assigned:
    """A routing that is assigned, and does not change; `failing` is why it cannot be read."""

    def __init__(self, routing=ROUTING, failing=""):
        self.routing = routing
        self.failing = failing

    def refresh(self):
        if self.failing:
            raise OSError(self.failing)
        return ""


def unchanged(*_):
    return ""


def outcomes(*results):
    """A step that raises or returns these in turn."""
    left = list(results)

    def step(*_):
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return step


def build(assigned=None, find=lambda: NODE, first=unchanged, checks=(), **repairs):
    """An agent with these steps, which has found its node."""
    subject = agent.Agent(
        Steps(),
        assigned or Assigned(),
        find,
        first={"sysctls": first},
        repairs=repairs,
        checks=dict(checks),
    )
    subject.node = NODE
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
def test_a_failing_step_is_logged_once_and_hides_no_other(capsys, error):
    later = []
    subject = build(first=outcomes(*[error] * 3), conflist=lambda *_: later.append(1) or "")

    assert [subject.reconcile() for _ in range(3)] == [[f"sysctls: {error}"]] * 3
    assert len(later) == 3
    assert capsys.readouterr().out == f"sysctls: {error}\n"


def test_a_step_that_works_again_is_logged(capsys):
    subject = build(table=outcomes(OSError("gone"), "", ""))

    assert [subject.reconcile() for _ in range(3)] == [["table: gone"], [], []]
    assert capsys.readouterr().out == "table: gone\ntable: works again\n"


def test_a_poll_that_changes_nothing_logs_nothing(capsys):
    assert build(table=unchanged).reconcile() == []
    assert capsys.readouterr().out == ""


def test_a_changed_problem_is_logged(capsys):
    subject = build(table=outcomes(*(OSError(text) for text in ("first", "second", "second"))))
    for _ in range(3):
        subject.reconcile()

    assert capsys.readouterr().out == "table: first\ntable: second\n"


@pytest.mark.parametrize(
    ("routing", "ready"), [(ROUTING, True), (None, False)], ids=["once assigned", "never"]
)
def test_a_node_with_a_routing_is_ready_without_the_metadata_service(routing, ready):
    assigned = Assigned(routing, failing="the metadata service does not answer")

    assert (not build(assigned, table=unchanged).reconcile()) is ready


def test_nothing_is_done_before_the_node_is_known():
    done = []

    def find():
        raise LookupError("no default route yet")

    subject = build(find=find, links=lambda *_: done.append("links") or "")
    subject.node = None

    assert subject.reconcile() == ["node: no default route yet"]
    assert done == []


def test_a_step_after_the_uplink_sees_the_link_that_has_the_address_now():
    seen, moved = [], dataclasses.replace(NODE, link="phys-bridge")
    found = outcomes(NODE, moved)
    subject = build(
        find=found,
        uplink=outcomes("moved"),
        table=lambda node, _: seen.append(node.link) or "",
    )

    assert subject.reconcile() == []
    assert seen == ["phys-bridge"]


def test_what_a_check_finds_is_logged_once_and_keeps_the_node_from_being_ready(capsys):
    found = iter([["forwarding of eth0 is off", "a table drops"], ["a table drops"], []])
    subject = build(checks={"others": lambda *_: next(found)})

    assert [subject.reconcile() for _ in range(3)] == [
        ["others: forwarding of eth0 is off; a table drops"],
        ["others: a table drops"],
        [],
    ]
    assert capsys.readouterr().out == (
        "others: forwarding of eth0 is off; a table drops\n"
        "others: a table drops\n"
        "others: works again\n"
    )


def test_a_refused_command_is_named_as_one_could_paste_it(monkeypatch):
    def refuse(*_, **__):
        raise OSError(
            "`ip -force -batch -` ended with 1: RTNETLINK answers: File exists\n"
            "Command failed -:2\nRTNETLINK answers: No such process\n"
            "Command failed -:3"
        )

    monkeypatch.setattr(machine, "run", refuse)

    with pytest.raises(OSError, match="add two") as refusal:
        machine.ip_batch("ip", ["add one", "add two", "add three"])
    assert str(refusal.value) == "`ip add two` and 1 more: RTNETLINK answers: File exists"
