"""The agent's state in files."""

import dataclasses
import json
import re
from ipaddress import IPv4Address, IPv4Network

import machine
import prometheus
import pytest
import report

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = machine.Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)
KNOWN = (NODE, Routing())
OTHERS = {
    "routing": (NODE, Routing(mode=RoutingMode.OVERLAY)),
    "link": (dataclasses.replace(NODE, link="ens5"), Routing()),
}


@pytest.fixture
def subject(tmp_path, monkeypatch):
    now = iter(range(1000, 2000))
    monkeypatch.setattr(report.time, "time", lambda: float(next(now)))
    return report.Report(tmp_path, "podnet-0123456789ab", prometheus.metrics)


def poll(subject, known, changes, problems, warnings):
    """A poll whose problems, if any, are the repairs' own."""
    subject.poll(known, changes, problems, warnings, bool(known and not problems))


def state(subject):
    return json.loads((subject.folder / "state.json").read_text())


def metrics(subject):
    lines = (subject.folder / "podnet.prom").read_text().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_a_ready_node_says_all_about_itself(subject):
    poll(subject, KNOWN, {"table": "loaded inet"}, [], [])

    assert state(subject) == {
        "version": 1,
        "files": "podnet-0123456789ab",
        "ready": True,
        "problems": [],
        "warnings": [],
        "routing": "vpc-routes zones=1 vni=1 port=8472",
        "node": {
            "address": "192.168.1.11",
            "block": "10.1.1.0/24",
            "link": "eth0",
            "mtu": 9001,
        },
        "repairs": 0,
        "last_repair": None,
        "last_error": None,
        "polled": 1000,
    }
    assert {path.name for path in subject.folder.iterdir()} == {"state.json", "podnet.prom"}


def test_a_node_that_knows_nothing_says_that_too(subject):
    poll(subject, None, {}, ["identity: dead"], [])

    found = state(subject)
    assert (found["ready"], found["node"], found["routing"]) == (False, None, None)
    assert metrics(subject)["podnet_agent_ready"] == "0"


def test_what_puts_back_the_same_routing_is_a_repair(subject):
    poll(subject, KNOWN, {}, [], [])
    poll(subject, KNOWN, {"table": "loaded inet", "links": "link set kube-bridge up"}, [], [])
    poll(subject, KNOWN, {}, [], [])

    found = state(subject)
    assert found["repairs"] == 2
    assert found["last_repair"] == {
        "time": 1001,
        "text": "table: loaded inet; links: link set kube-bridge up",
    }
    assert metrics(subject)["podnet_agent_repairs_total"] == "2"
    assert metrics(subject)["podnet_agent_last_repair_timestamp_seconds"] == "1001.0"


@pytest.mark.parametrize("known", OTHERS.values(), ids=OTHERS.keys())
def test_what_another_routing_or_link_changes_is_none(subject, known):
    poll(subject, KNOWN, {}, [], [])
    poll(subject, known, {"links": "link add podnet0"}, [], [])

    assert state(subject)["repairs"] == 0


def test_a_routing_is_applied_once_a_poll_had_no_problem(subject):
    poll(subject, KNOWN, {}, [], [])
    poll(subject, OTHERS["routing"], {}, ["peers: refused"], [])
    before = state(subject)["routing"]
    poll(subject, OTHERS["routing"], {}, [], [])

    assert before == "vpc-routes zones=1 vni=1 port=8472"
    assert state(subject)["routing"] == "overlay zones=1 vni=1 port=8472"


def test_what_a_check_finds_leaves_a_routing_applied(subject):
    poll(subject, KNOWN, {}, [], [])
    subject.poll(OTHERS["routing"], {}, ["pods' MTU: too large"], [], applied=True)

    found = state(subject)
    assert (found["routing"], found["ready"]) == ("overlay zones=1 vni=1 port=8472", False)


def test_the_last_error_stays_and_present_problems_go(subject):
    poll(subject, KNOWN, {}, ["peers: refused"], ["routing: dead; the last one stays"])
    poll(subject, KNOWN, {}, [], [])

    found = state(subject)
    assert (found["problems"], found["warnings"], found["ready"]) == ([], [], True)
    assert found["last_error"] == {
        "time": 1000,
        "text": "peers: refused; routing: dead; the last one stays",
    }


def test_warnings_do_not_keep_a_node_from_being_ready(subject):
    poll(subject, KNOWN, {}, [], ["routing: dead; the last one stays"])

    assert state(subject)["ready"] is True
    assert metrics(subject)["podnet_agent_warnings"] == "1"


def test_the_metrics_are_in_prometheus_text_form(subject):
    poll(subject, KNOWN, {}, ['peers: "quoted"'], [])

    text = (subject.folder / "podnet.prom").read_text()
    assert all(
        re.fullmatch(
            r'# TYPE [a-z_]+ (gauge|counter)|[a-z_]+(\{([a-z]+="[^"\\]*",?)+\})? [0-9.]+', line
        )
        for line in text.splitlines()
    )
    assert text.endswith("\n")
    assert (
        'podnet_agent_info{routing="",files="podnet-0123456789ab",address="192.168.1.11",'
        'block="10.1.1.0/24",link="eth0",mtu="9001"} 1\n'
    ) in text
    for name in re.findall("# TYPE ([a-z_]+)", text):
        assert text.count(f"# TYPE {name} ") == 1


def test_user_data_alone_writes_no_metrics(tmp_path):
    poll(report.Report(tmp_path, "podnet-base"), KNOWN, {}, [], [])

    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
