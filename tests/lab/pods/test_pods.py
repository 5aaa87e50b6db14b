"""Pods on an instance that really boots, attached by the plugins of its own image."""

import json
from ipaddress import IPv4Address, IPv4Network

import pytest

from podnet.lab.nodes.endpoints import node_endpoint, pod_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import PodError, Pods
from podnet.probe import Check
from podnet.probe.run import probe
from podnet.system.commands import run
from podnet.system.waiting import wait_until
from tests.refusals import refused

pytestmark = pytest.mark.lab

BRIDGE = {
    "type": "bridge",
    "bridge": "kube-bridge",
    "isDefaultGateway": True,
    "mtu": 8951,
    "ipam": {"type": "host-local", "subnet": "10.1.1.0/24"},
}
BRIDGE_BLOCK = IPv4Network("10.1.1.0/24")
PATIENCE = 60


@pytest.fixture(scope="module")
def booted(instance):
    return {"node": instance.boot()}


def configure(node, *plugins, version="1.0.0"):
    folder = node.root / "etc/cni/net.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "10-mynet.conflist").write_text(
        json.dumps({"cniVersion": version, "name": "mynet", "plugins": plugins})
    )


@pytest.fixture
def node(booted):
    configure(booted["node"], BRIDGE)
    yield booted["node"]
    node = booted["node"]  # another one after a reboot
    configure(node, BRIDGE)
    pods = Pods(node)
    for pod in pods.list():
        pods.remove(pod.name)


def traces(node):
    """Everything a pod may leave on its node."""
    leases = node.root / "var/lib/cni/networks/mynet"
    links = json.loads(node.run("ip", "-json", "link", "show", "type", "veth"))
    return {
        "namespaces": node.run("ip", "netns", "list").split(),
        "links": [link["ifname"] for link in links if link.get("master") == "kube-bridge"],
        "leases": sorted(each.name for each in leases.glob("10.*")),
        "results": [each.name for each in (node.root / "var/lib/cni/results").glob("*")],
        "records": [each.name for each in (node.root / "run/podnet/pods").glob("*")],
        "units": node.run(
            "systemctl", "list-units", "--all", "--plain", "--no-legend", "podnet-pod-*"
        ).split(),
    }


NOTHING = {"namespaces": [], "links": [], "leases": [], "results": [], "records": [], "units": []}


def inside(node, pod, *command):
    return run(*pod.command(*command))


def add_plugin(node, name, script):
    file = node.root / "usr/lib/cni" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_a_pod_gets_address_route_mtu_and_loopback_from_the_plugins(node):
    pod = Pods(node).add("web")

    links = {link["ifname"]: link for link in json.loads(inside(node, pod, "ip", "-j", "addr"))}
    routes = json.loads(inside(node, pod, "ip", "-j", "route"))
    own = next(each["local"] for each in links["eth0"]["addr_info"] if each["family"] == "inet")
    assert str(pod.address) == own
    assert pod.address in BRIDGE_BLOCK
    assert (pod.mtu, links["eth0"]["mtu"]) == (8951, 8951)
    assert "UP" in links["lo"]["flags"]
    assert [route["gateway"] for route in routes if route["dst"] == "default"] == ["10.1.1.1"]


def test_its_containers_are_two_processes_in_its_one_namespace(node):
    pod = Pods(node).add("web")

    namespaces = {
        file.stat().st_ino for file in (pod.netns, *(each.netns for each in pod.containers))
    }
    commands = {(each.netns.parent.parent / "comm").read_text() for each in pod.containers}
    assert [each.name for each in pod.containers] == ["a", "b"]
    assert len({each.netns for each in pod.containers}) == 2
    assert len(namespaces) == 1
    assert namespaces != {node.netns.stat().st_ino}
    assert commands == {"sleep\n"}


def test_a_container_that_ended_has_no_namespace_any_more(node):
    pods = Pods(node)
    pods.add("web")
    node.run("systemctl", "kill", "--signal=KILL", "podnet-pod-web-a")

    assert wait_until(lambda: not pods.list()[0].containers[0].netns.exists(), PATIENCE)
    assert pods.list()[0].containers[1].netns.exists()


def test_pods_are_listed_by_name_with_what_add_said(node):
    pods = Pods(node)
    added = [pods.add("web"), pods.add("db-1")]

    assert Pods(node).list() == sorted(added, key=lambda pod: pod.name)


def test_a_removed_pod_leaves_nothing(node):
    pods = Pods(node)
    pods.add("web")
    full = traces(node)
    pods.remove("web")

    assert all(full.values())
    assert traces(node) == NOTHING


def test_a_pod_can_be_added_again_after_it_was_removed(node):
    pods = Pods(node)
    pods.add("web")
    pods.remove("web")

    assert pods.add("web").address in BRIDGE_BLOCK


def test_adding_a_pod_that_exists_is_an_error_and_leaves_it_alone(node):
    pods = Pods(node)
    pod = pods.add("web")

    with refused("pod-not-added", PodError) as caught:
        pods.add("web")
    assert caught.value.__cause__.rule == "pod-name-taken"
    assert str(pod.address) in str(caught.value)
    assert pods.list() == [pod]


def test_removing_a_pod_that_is_not_there_names_those_that_are(node):
    pods = Pods(node)
    pods.add("web")

    with refused("pod-not-on-node", PodError) as caught:
        pods.remove("db")
    assert str(caught.value).endswith("web")


def test_a_node_without_a_conflist_takes_no_pod(node):
    (node.root / "etc/cni/net.d/10-mynet.conflist").unlink()

    with refused("conflist-missing"):
        Pods(node).add("web")
    assert traces(node) == NOTHING


def test_a_node_that_does_not_run_is_said_not_to():
    gone = Node(
        name="node-9",
        instance_id="i-9",
        pid=2**22 + 1,
        address=IPv4Address("192.168.1.19"),
        public_address=None,
    )

    with refused("node-not-running", PodError):
        Pods(gone).add("web")


def test_what_a_plugin_refuses_is_shown_with_its_code_and_undone(node):
    configure(
        node,
        BRIDGE
        | {
            "ipam": {
                "type": "host-local",
                "ranges": [
                    [
                        {
                            "subnet": "10.1.1.0/24",
                            "rangeStart": "10.1.1.200",
                            "rangeEnd": "10.1.1.200",
                        }
                    ]
                ],
            }
        },
    )
    pods = Pods(node)
    pods.add("web")
    before = traces(node)

    with refused("pod-not-added", PodError) as caught:
        pods.add("db")
    assert (caught.value.__cause__.rule, caught.value.__cause__.code) == ("cni-plugin-refused", 999)
    assert "no IP addresses available in range set: 10.1.1.200" in str(caught.value)
    assert traces(node) == before


def test_a_plugin_that_fails_late_undoes_those_before_it(node):
    add_plugin(
        node,
        "grumble",
        """
if [ "$CNI_COMMAND" = ADD ]; then
    echo tools may talk here >&2
    echo '{"cniVersion": "1.0.0", "code": 42, "msg": "not today", "details": "it is Sunday"}'
    exit 1
fi""",
    )
    configure(node, BRIDGE, {"type": "grumble"})

    with refused("pod-not-added", PodError) as caught:
        Pods(node).add("web")
    assert (caught.value.__cause__.rule, caught.value.__cause__.code) == ("cni-plugin-refused", 42)
    assert "not today (it is Sunday)" in str(caught.value)
    assert traces(node) == NOTHING


def test_a_container_that_cannot_start_undoes_the_whole_pod(node):
    node.run("systemd-run", "--quiet", "--collect", "--unit=podnet-pod-web-b", "sleep", "infinity")

    with refused("pod-not-added", PodError) as caught:
        Pods(node).add("web")
    assert "podnet-pod-web-b" in str(caught.value)
    assert traces(node) == NOTHING


def test_a_missing_plugin_is_named_before_anything_is_made(node):
    configure(node, BRIDGE, {"type": "no-such-plugin"})

    with refused("cni-plugin-missing"):
        Pods(node).add("web")
    assert traces(node) == NOTHING


def test_a_chain_of_real_plugins_works_both_ways(node):
    configure(
        node,
        BRIDGE,
        {"type": "tuning", "sysctl": {"net.ipv4.conf.eth0.arp_notify": "1"}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    )
    pods = Pods(node)
    pod = pods.add("web")
    arp_notify = inside(node, pod, "sysctl", "-n", "net.ipv4.conf.eth0.arp_notify")
    pods.remove("web")

    assert arp_notify == "1\n"
    assert traces(node) == NOTHING


def test_a_pod_is_detached_as_it_was_attached_whatever_the_conflist_says_now(node):
    pods = Pods(node)
    pods.add("web")
    (node.root / "etc/cni/net.d/10-mynet.conflist").unlink()
    pods.remove("web")

    assert traces(node) == NOTHING


def test_two_pods_and_their_node_reach_each_other(node):
    pods = Pods(node)
    endpoints = [
        node_endpoint(node),
        pod_endpoint(pods.add("web")),
        pod_endpoint(pods.add("db")),
    ]

    matrix = probe(endpoints)

    assert (matrix.pairs, matrix.passed) == (6, 6)
    # There is no metadata service on this network, so the node itself must miss it.
    assert [(each.source, each.check) for each in matrix.failed] == [("node-1", Check.METADATA)]


def test_a_reboot_ends_the_pods_of_the_node(node, instance, booted):
    Pods(node).add("web")
    booted["node"] = instance.reboot()

    assert Pods(booted["node"]).list() == []
    assert Pods(booted["node"]).add("web").address in BRIDGE_BLOCK
