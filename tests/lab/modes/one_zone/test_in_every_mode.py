"""What must hold in every mode: all pairs, the way of the packets, and nodes that join."""

import os
import time
from pathlib import Path

import pytest

from podnet.lab.nodes.pods import Pods
from podnet.lab.operations.readiness import wait_ready
from podnet.plan.routing import RoutingMode
from tests.host_ports import Answers, seen_as
from tests.lab.modes.checks import packets_go_the_way_of_the_mode
from tests.refusals import refused

pytestmark = pytest.mark.lab

PATIENCE = 60.0
TWO_POLLS = 4.5


# Flannel needs a cluster, and no live stack is switched to it.
OTHERS = {RoutingMode.FLANNEL, RoutingMode.EXTERNAL}
MODES = [mode for mode in RoutingMode if mode not in OTHERS]


@pytest.fixture(scope="module", params=MODES, ids=str)
def mode(request, lab):
    """Each mode in turn, by the command, which replaces pods to and from l2."""
    lab.podnet("switch", request.param, "--yes", "--engine", "embedded")
    lab.wait_until_applied()
    return request.param


def test_a_mode_that_was_switched_to_stays_for_the_next_deployment(lab, mode):
    assert lab.up().changes == ()
    assert lab.outputs["routing"] == mode


@pytest.mark.usefixtures("mode")
def test_all_pairs_are_green_and_packets_go_the_way_of_the_mode(lab):
    packets_go_the_way_of_the_mode(lab)


def test_a_port_of_a_node_leads_to_a_pod_until_the_pod_is_removed(lab, mode):
    ports = ("--host-port", "8080:80", "--host-port", "8053:53/udp")
    lab.podnet("pod", "add", "node-1", "served", *ports)
    served = next(pod for pod in Pods(lab.node("node-1")).list() if pod.name == "served")
    mine, other = served.node, lab.node("node-2")
    near, far = (next(pod for pod in lab.pods if pod.node == node) for node in (mine, other))
    # portmap takes the range of a pod's conflist for its own node's, which in l2 is that of all
    # pods, and hides who asks from there, so that the answer comes back by the node.
    bridge = "10.1.1.1"
    expected = {
        other.netns: str(other.address),
        far.netns: bridge if mode == RoutingMode.L2 else str(far.address),
        mine.netns: str(mine.address),
        near.netns: bridge,
        served.netns: bridge,
    }

    with Answers(served):
        seen = {
            port.protocol: {netns: seen_as(netns, mine.address, port) for netns in expected}
            for port in served.ports
        }
        local = [seen_as(mine.netns, "127.0.0.1", port) for port in served.ports]
        elsewhere = [seen_as(mine.netns, other.address, port) for port in served.ports]
        lab.podnet("pod", "rm", "served")
        removed = [seen_as(other.netns, mine.address, port) for port in served.ports]

    assert seen == {"tcp": expected, "udp": expected}
    assert local == [bridge, bridge]
    assert elsewhere == removed == [None, None]
    assert "8080" not in mine.run("iptables-save", "-t", "nat")
    assert lab.red() == set()


class Age:
    """How long ago a node booted: its process 1 began then."""

    def __init__(self, node):
        fields = Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
        self.boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")

    @property
    def seconds(self):
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.boot


def kernel_of(node):
    """What a node knows of others, and how often its agent has changed any of it."""
    forwarding = node.run("bridge", "fdb", "show").splitlines()
    return [
        {line for line in forwarding if "permanent" in line or "static" in line},
        node.run("ip", "-4", "route", "show", "table", "all"),
        node.run("ip", "-4", "neigh", "show", "nud", "permanent"),
        node.run("nft", "-s", "list", "ruleset"),
        node.run("journalctl", "--unit=podnet-agent", "--output=cat"),
    ]


@pytest.mark.usefixtures("mode")
def test_a_node_that_joins_or_leaves_touches_no_other_and_is_reached_by_all(lab):
    # The agent takes a pod that was removed from its table of ports at the next poll.
    time.sleep(TWO_POLLS)
    others = {node.name: kernel_of(node) for node in lab.nodes}
    instances, boots = lab.instance_ids(), lab.boot_ids()

    lab.outputs = lab.engine(nodeCount=5).up().outputs
    lab.nodes = wait_ready(lab.home, lab.ec2, lab.wanted(), lambda _: None)
    Pods(lab.node("node-5")).add("first")
    lab.pods = [pod for node in lab.nodes for pod in Pods(node).list()]
    age = Age(lab.node("node-5"))
    # Ten seconds is what it takes on a quiet machine; a busy one may take longer.
    while (failed := lab.matrix().failed) and age.seconds < PATIENCE:
        pass

    assert failed == ()
    assert lab.instance_ids().items() > instances.items()
    assert lab.boot_ids().items() > boots.items()
    assert {node.name: kernel_of(node) for node in lab.nodes if node.name in others} == others

    lab.up(nodeCount=4)

    assert lab.red() == set()
    assert lab.boot_ids() == boots
    assert {node.name: kernel_of(node) for node in lab.nodes} == others


@pytest.mark.parametrize(
    "words", [("overlay",), ("l2", "-c", "vni=9")], ids=["from l2", "to another vni"]
)
def test_a_switch_that_loses_packets_asks_first_and_unanswered_changes_nothing(lab, words):
    assert lab.outputs["routing"] == RoutingMode.L2
    pods = [(pod.name, pod.address, pod.containers) for pod in lab.pods]

    with refused("switch-not-confirmed"):
        lab.podnet("switch", *words, "--engine", "embedded")

    assert lab.up().changes == ()
    assert lab.outputs["routing"] == RoutingMode.L2
    assert [(pod.name, pod.address, pod.containers) for pod in lab.pods] == pods
