"""What must hold in every mode: all pairs, the way of the packets, and nodes that join."""

import os
import time
from pathlib import Path

import pytest

from podnet.lab.nodes.pods import Pods
from podnet.lab.operations.readiness import wait_ready
from podnet.plan.routing import RoutingMode
from tests.lab.modes.checks import packets_go_the_way_of_the_mode
from tests.refusals import refused

pytestmark = pytest.mark.lab

PATIENCE = 60.0


# Flannel needs a cluster, and no live stack is switched to it.
MODES = [mode for mode in RoutingMode if mode is not RoutingMode.FLANNEL]


@pytest.fixture(scope="module", params=MODES, ids=str)
def mode(request, lab):
    """Each mode in turn, by the command, which replaces pods to and from l2."""
    lab.podnet("switch", request.param, "--yes", "--engine", "embedded")
    return request.param


def test_a_mode_that_was_switched_to_stays_for_the_next_deployment(lab, mode):
    assert lab.up().changes == ()
    assert lab.outputs["routing"] == mode


@pytest.mark.usefixtures("mode")
def test_all_pairs_are_green_and_packets_go_the_way_of_the_mode(lab):
    packets_go_the_way_of_the_mode(lab)


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
