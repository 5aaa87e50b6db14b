"""What a node keeps beside another CNI."""

import subprocess
import sys
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from types import SimpleNamespace

import agent
import beside
import later
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode
from podnet.plan.settings import Settings
from podnet.userdata import release

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)

TAG = "external-custom zones=1 vni=1 port=8472"
CALICO = Routing(mode=RoutingMode.EXTERNAL, cni="calico")


@pytest.fixture
def ran(monkeypatch):
    """What was run, on a node that has nothing."""
    found = {"links": {}, "table": "", "routes": {}, "rules": []}
    done = []
    monkeypatch.setattr(beside, "found_links", lambda: found["links"])
    monkeypatch.setattr(beside, "listing", lambda _: found["table"])
    monkeypatch.setattr(beside, "found_routes", lambda _: (found["routes"], {}))
    monkeypatch.setattr(beside, "policy_rules", lambda: found["rules"])
    monkeypatch.setattr(beside, "ip_batch", lambda _, commands: done.extend(commands))
    monkeypatch.setattr(beside, "run", lambda *_, stdin: done.append(stdin))
    monkeypatch.setattr(beside, "set_sysctls", lambda _: [])
    return found, done


def test_of_the_tables_the_drop_of_packets_to_the_metadata_service_alone_is_loaded(ran):
    _, done = ran

    assert beside.keep_table(NODE, CALICO) == "loaded inet"
    (text,) = done
    assert "ip daddr 169.254.169.254 counter drop" in text
    assert "masquerade" not in text
    assert "delete table bridge podnet" in text


def test_a_table_that_is_there_is_left(ran):
    found, done = ran
    found["table"] = beside.METADATA

    assert (beside.keep_table(NODE, CALICO), done) == ("", [])


def test_devices_of_other_modes_are_removed_and_no_other_device(ran):
    found, done = ran
    found["links"] = {"podnet0": {}, "podnet2": {}, "vxlan.calico": {}, "kube-bridge": {}}

    beside.keep_wire(NODE, CALICO)

    assert done == ["link delete podnet0", "link delete podnet2"]


def test_own_routes_and_the_rule_go(ran):
    found, done = ran
    found["routes"] = {"10.1.2.0/24 table main proto 112 metric 112": object()}
    own = {"priority": 112, "src": "10.1.0.0", "srclen": 16, "table": "112", "protocol": "112"}
    found["rules"] = [own, {"priority": 32766, "src": "all", "table": "main"}]

    beside.leave_routes(NODE, CALICO)

    assert done == [
        "route delete 10.1.2.0/24 table main proto 112 metric 112",
        "rule delete priority 112 from 10.1.0.0/16 lookup 112",
    ]


def test_the_agents_conflist_goes_and_the_others_stays(tmp_path):
    own, other = tmp_path / "10-mynet.conflist", tmp_path / "10-calico.conflist"
    own.touch()
    other.touch()

    assert "removed" in beside.leave_conflist(NODE, CALICO, tmp_path)
    assert [*tmp_path.iterdir()] == [other]
    assert beside.leave_conflist(NODE, CALICO, tmp_path) == ""


REPAIRS = {
    "table": "the agent's",
    "conflist": partial(str, folder="/etc/cni/net.d"),
    "leases": "the agent's",
}


@pytest.mark.parametrize("mode", [RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY, RoutingMode.L2])
def test_in_podnets_modes_the_agents_repairs_run(mode):
    assert beside.chosen(REPAIRS, Routing(mode=mode)) is REPAIRS


def test_beside_flannel_the_conflist_alone_is_left():
    found = beside.chosen(REPAIRS, Routing(mode=RoutingMode.FLANNEL))

    assert found["conflist"].func is beside.leave_conflist
    assert found["conflist"].keywords == {"folder": "/etc/cni/net.d"}
    assert {key: found[key] for key in ("table", "leases")} == dict.fromkeys(
        ("table", "leases"), "the agent's"
    )


def test_beside_another_cni_repairs_for_it_run_in_place_of_all_others():
    found = beside.chosen(REPAIRS, CALICO)

    assert {*found} == {"main table", "table", "links", "peers", "conflist", "filters"}
    assert "the agent's" not in found.values()


def test_the_agent_asks_which_repairs_to_run(monkeypatch):
    monkeypatch.setattr(later, "chosen", lambda _: {"other": None})
    ran = []
    subject = SimpleNamespace(value=Routing(), refresh=lambda: "")
    steps = SimpleNamespace(logged={}, run=lambda name, _: ran.append(name) or True)
    made = agent.Agent(steps, subject, subject, lambda _: NODE, first={}, repairs={}, checks={})
    made.node = NODE
    made.reconcile()

    assert ran == ["identity", "routing", "node", "other"]


@pytest.mark.parametrize("program", ["agent", "acknowledge"])
def test_every_program_of_a_release_reads_the_tags_of_other_cnis(tmp_path, program):
    for name, text in release.files(Settings(session_manager=False)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    read = f"import {program}; from podnet.plan.routing import Routing; Routing.parse('{TAG}')"

    # In a process of its own: here the plan has all variants already.
    done = subprocess.run(
        [sys.executable, "-c", read],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
