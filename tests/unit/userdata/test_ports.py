"""The commands that put pods' ports back, by what the kernel has."""

import os
from ipaddress import IPv4Address, IPv4Network

import ports
import pytest
import sandboxes
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing
from tests.sandboxes import Runtime

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)
POD = sandboxes.Sandbox(
    "c0", "eth0", "web", "veth0", "02:00:00:00:00:02", (IPv4Address("10.1.1.2"),)
)


def link(**other):
    """A pod's port as `ip` lists it, as it must be."""
    return {"ifname": "veth0", "mtu": 8951, "master": "kube-bridge", "flags": ["UP"], **other}


def port(**other):
    """A pod's port as `bridge` lists it, as it must be."""
    flags = {"flags": ["UP", "LOWER_UP"], "state": "forwarding", "ifname": "veth0"}
    return {**flags, **ports.FLAGS, "neigh_suppress": False, **other}


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        (link(), []),
        (link(master=None), ["link set veth0 master kube-bridge"]),
        (link(master="docker0"), ["link set veth0 master kube-bridge"]),
        (link(flags=[]), ["link set veth0 up"]),
        (link(mtu=1280), ["link set veth0 mtu 8951"]),
        (link(mtu=9001), []),
        (link(master=None, flags=[]), ["link set veth0 master kube-bridge up"]),
    ],
    ids=["in place", "free", "elsewhere", "down", "small", "of a larger pod", "free and down"],
)
def test_a_port_is_put_back_into_the_bridge_and_up(found, commands):
    assert [*ports.link_commands({"veth0": found}, [POD], NODE)] == commands


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        (port(), []),
        (port(hairpin=False), ["link set dev veth0 hairpin on"]),
        (
            port(isolated=True, learning=False),
            ["link set dev veth0 learning on isolated off"],
        ),
        (port(state="blocking"), ["link set dev veth0 state 3"]),
        (port(state="disabled", flags=["UP", "NO-CARRIER"]), []),
        (port(state="learning"), []),
    ],
    ids=["in place", "no hairpin", "isolated", "blocking", "no carrier", "on its way"],
)
def test_a_port_has_the_flags_that_the_plugin_gave_it(found, commands):
    assert [*ports.flag_commands({"veth0": found}, [POD])] == commands


def test_links_that_are_no_pods_are_left_alone():
    found = {"veth9": link(ifname="veth9", master=None), "eth0": link(ifname="eth0", master=None)}

    assert [*ports.link_commands(found, [POD], NODE)] == []


def test_the_result_of_a_pod_names_its_port_and_address(tmp_path):
    Runtime(tmp_path).add("web", "10.1.1.2", "veth0")

    assert sandboxes.sandboxes(tmp_path) == [
        sandboxes.Sandbox(
            "web-0123456789ab",
            "eth0",
            "web",
            "veth0",
            "02:00:00:00:00:02",
            (IPv4Address("10.1.1.2"),),
        )
    ]


def test_a_pod_whose_network_namespace_is_gone_does_not_run(tmp_path):
    Runtime(tmp_path).add("web", "10.1.1.2", "veth0", tmp_path / "gone")

    assert sandboxes.sandboxes(tmp_path) == []


def test_the_newest_pod_of_a_network_namespace_runs(tmp_path):
    runtime = Runtime(tmp_path)
    runtime.add("old", "10.1.1.2", "veth0", tmp_path)
    for file in runtime.results.iterdir():
        os.utime(file, (0, 0))
    runtime.add("web", "10.1.1.3", "veth1", tmp_path)

    assert [each.pod for each in sandboxes.sandboxes(tmp_path)] == ["web"]


def test_networks_of_others_are_none_of_the_nodes(tmp_path):
    runtime = Runtime(tmp_path)
    runtime.add("web", "10.1.1.2", "veth0")
    (file,) = runtime.results.iterdir()
    file.rename(runtime.results / "podman-web-eth0")

    assert sandboxes.sandboxes(tmp_path) == []


def test_a_pod_without_its_port_is_named(tmp_path, monkeypatch):
    runtime = Runtime(tmp_path)
    runtime.add("web", "10.1.1.2", "veth0")
    runtime.add("db", "10.1.1.3", "veth1")
    monkeypatch.setattr(ports, "ip_json", lambda *_: [link(ifname="veth1")])
    lost_ports = ports.LostPorts(tmp_path)

    assert [*lost_ports(NODE, Routing())] == []
    assert [*lost_ports(NODE, Routing())] == [
        "pod web has lost its port veth0; delete the pod to get a new one"
    ]


def test_a_pod_that_is_being_deleted_is_not(tmp_path, monkeypatch):
    runtime = Runtime(tmp_path)
    runtime.add("web", "10.1.1.2", "veth0")
    (result,) = runtime.results.iterdir()
    monkeypatch.setattr(ports, "ip_json", lambda *_: [])
    lost_ports = ports.LostPorts(tmp_path)
    polls = [[*lost_ports(NODE, Routing())]]
    result.unlink()
    runtime.add("other", "10.1.1.3", "veth1")
    polls += [[*lost_ports(NODE, Routing())]]

    assert polls == [[], []]
