import dataclasses
import subprocess
from ipaddress import IPv4Address, IPv4Network

import agent
import machine
import metadata
import pytest
from steps import Steps

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = machine.Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
ROUTING = Routing()


def listed(name, *addresses, master=None, flags=("BROADCAST", "UP"), mtu=9001):
    """A link as `ip -j address` lists it."""
    info = [{"local": address, "prefixlen": 24} for address in addresses]
    link = {"ifname": name, "flags": list(flags), "mtu": mtu, "addr_info": info}
    return link | ({"master": master} if master else {})


OTHERS = [listed("lo", "127.0.0.1", flags=["LOOPBACK"]), listed("kube-bridge", "10.1.1.1")]


@pytest.mark.parametrize(
    ("links", "name"),
    [
        ([listed("eth0", "192.168.1.11")], "eth0"),
        ([listed("eth0", "192.168.1.57", "192.168.1.11")], "eth0"),
        ([listed("eth0", "192.168.1.57"), listed("ens6", "192.168.1.11")], "ens6"),
        ([listed("lo", "192.168.1.11", flags=["LOOPBACK"]), listed("e", "192.168.1.11")], "e"),
        (
            [
                listed("eth0", "192.168.1.11", master="phys-bridge"),
                listed("phys-bridge", "192.168.1.11"),
            ],
            "phys-bridge",
        ),
    ],
    ids=["alone", "second address", "second link", "on lo too", "on a port too"],
)
def test_the_node_is_on_the_link_with_its_address(monkeypatch, links, name):
    monkeypatch.setattr(machine, "ip_json", lambda *_: OTHERS + links)

    assert machine.find_node(ARTICLE, NODE.address) == dataclasses.replace(NODE, link=name)


def test_an_address_that_no_link_has_is_named(monkeypatch):
    monkeypatch.setattr(machine, "ip_json", lambda *_: [*OTHERS, listed("eth0", "192.168.1.57")])

    with pytest.raises(LookupError, match=r"no link has the node's address 192.168.1.11$"):
        machine.find_node(ARTICLE, NODE.address)


class Cached:
    """A value that does not change; `failing` is why it cannot be asked for."""

    def __init__(self, value, failing=""):
        self.value = value
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


def build(
    *,
    routing=None,
    address=None,
    find=lambda _: NODE,
    first=unchanged,
    checks=(),
    **repairs,
):
    """An agent with these steps, which has found its node."""
    subject = agent.Agent(
        Steps(),
        address or Cached(NODE.address),
        routing or Cached(ROUTING),
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

    assert [(subject.reconcile(), subject.applied) for _ in range(3)] == [
        (["table: gone"], False),
        ([], True),
        ([], True),
    ]
    assert capsys.readouterr().out == "table: gone\ntable: works again\n"


def test_a_poll_that_changes_nothing_logs_nothing(capsys):
    assert build(table=unchanged).reconcile() == []
    assert capsys.readouterr().out == ""


def test_a_changed_problem_is_logged(capsys):
    subject = build(table=outcomes(*(OSError(text) for text in ("first", "second", "second"))))
    for _ in range(3):
        subject.reconcile()

    assert capsys.readouterr().out == "table: first\ntable: second\n"


DEAD = "the metadata service does not answer"


def test_a_node_that_knows_all_is_ready_without_the_metadata_service():
    subject = build(
        routing=Cached(ROUTING, DEAD), address=Cached(NODE.address, DEAD), table=unchanged
    )

    assert subject.reconcile() == []
    assert subject.known


@pytest.mark.parametrize(
    ("unknown", "problem"),
    [
        ({"routing": Cached(None, DEAD)}, f"routing: {DEAD}"),
        ({"address": Cached(None, DEAD)}, f"identity: {DEAD}"),
    ],
    ids=["routing", "identity"],
)
def test_what_is_not_known_is_named_and_nothing_is_changed_before(unknown, problem):
    done = []
    subject = build(**unknown, links=lambda *_: done.append("links") or "")
    subject.node = NODE if "routing" in unknown else None

    assert subject.reconcile() == [problem]
    assert (done, subject.known, subject.applied) == ([], None, False)


def test_nothing_is_done_before_a_link_has_the_address():
    done = []

    def find(_):
        raise LookupError("no link has it")

    subject = build(find=find, links=lambda *_: done.append("links") or "")
    subject.node = None

    assert subject.reconcile() == ["node: no link has it"]
    assert done == []


def test_a_node_that_loses_its_address_is_repaired_on_and_says_so():
    done = []

    def find(_):
        raise LookupError("no link has it")

    subject = build(find=find, links=lambda node, _: done.append(node) or "")

    assert subject.reconcile() == ["node: no link has it"]
    assert done == [NODE]


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
    # systemd watches an agent only once that has said that it is ready.
    assert subject.applied
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


def test_the_metadata_service_is_asked_from_the_nodes_address_while_a_link_has_it(
    monkeypatch, tmp_path
):
    service = metadata.MetadataService()
    subject = agent.build(ARTICLE, service, tmp_path, tmp_path, tmp_path)
    monkeypatch.setattr(machine, "ip_json", lambda *_: [listed("eth0", "192.168.1.11")])
    subject.find(NODE.address)
    with_address = service.source
    monkeypatch.setattr(machine, "ip_json", lambda *_: [listed("eth0", "192.168.1.57")])
    with pytest.raises(LookupError):
        subject.find(NODE.address)

    assert (with_address, service.source) == ("192.168.1.11", "")


def test_a_dead_service_is_waited_for_once_a_poll():
    asked = []

    class Asked(Cached):
        def refresh(self):
            asked.append(self.value)
            return super().refresh()

    subject = build(routing=Asked(ROUTING, DEAD), address=Asked(NODE.address, DEAD))
    for _ in range(3):
        subject.reconcile()

    assert asked == [NODE.address, *[ROUTING] * 3]
    assert subject.warnings == [f"routing: {DEAD}"]


@pytest.mark.parametrize(
    ("environment", "pings"), [({"WATCHDOG_USEC": "40000000"}, 4), ({}, 0)], ids=["watched", "not"]
)
def test_systemd_hears_of_each_step(monkeypatch, environment, pings):
    heard = []
    monkeypatch.setattr(agent, "notify", heard.append)
    monkeypatch.setattr(agent.os, "environ", environment)

    build().reconcile()

    assert heard == [b"WATCHDOG=1"] * pings
