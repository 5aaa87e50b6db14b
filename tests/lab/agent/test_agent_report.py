"""What the agent says of itself on the node."""

import json

import pytest

pytestmark = pytest.mark.lab

OVERLAY = "overlay zones=1 vni=1 port=8472"


def test_the_state_follows_repairs_failures_and_switches(machine, vpc, running, eventually):
    def state():
        return json.loads((machine.reports / "state.json").read_text())

    first = state()
    machine.ip("link", "delete", "podnet0")
    assert eventually(lambda: state()["repairs"] > 0)
    assert "link add podnet0" in state()["last_repair"]["text"]
    machine.tag(OVERLAY)
    assert eventually(lambda: state()["routing"] == OVERLAY)
    vpc.silent = True
    assert eventually(lambda: state()["warnings"], 5)
    assert state()["ready"] is True
    vpc.silent = False
    machine.ip("address", "flush", "dev", "eth0")
    assert eventually(lambda: not state()["ready"], 5)

    assert (first["ready"], first["repairs"], first["problems"]) == (True, 0, [])
    assert first["node"] == {
        "address": "192.168.1.11",
        "block": "10.1.1.0/24",
        "link": "eth0",
        "mtu": 9001,
    }
    assert "node: no link has the node's address 192.168.1.11" in state()["problems"]
    assert "podnet_agent_ready 0\n" in (machine.reports / "podnet.prom").read_text()
