"""kube-router as the carrier of pods: deployed with the stack, and left alone by the node agent."""

import json

import pytest

from podnet.lab.nodes.endpoints import pod_endpoint
from tests.kubernetes.cluster import failing

pytestmark = pytest.mark.kubernetes

LOST = "node-3"
PROTOCOL = "17"
"""Of the routes that it sets (zebraRouteOriginator, network_routes_controller.go@v2.1.0)."""


def bgp_routes(node):
    """The routes that kube-router set to other nodes' blocks, by their gateways."""
    routes = json.loads(node.run("ip", "-json", "route", "show", "proto", PROTOCOL))
    return {each["dst"]: each["gateway"] for each in routes}


def blocks(*numbers):
    return {f"10.1.{number}.0/24": f"192.168.1.1{number}" for number in numbers}


def conflists(node):
    return {file.name for file in (node.root / "etc/cni/net.d").glob("*.conflist")}


def test_every_pair_passes_and_it_is_kube_router_that_carries_them(stack):
    assert stack.verification.matrix.pairs > 0
    assert failing(stack.verification.matrix) == []
    for node in stack.verification.nodes:
        own = int(node.name[-1])
        assert bgp_routes(node) == blocks(*({1, 2, 3} - {own}))
        assert conflists(node) == {"10-kuberouter.conflist"}


def test_the_agent_leaves_what_is_kube_routers_alone(stack):
    node = stack.node("node-2")
    before = bgp_routes(node)
    node.run("systemctl", "restart", "podnet-agent")

    assert bgp_routes(node) == before
    assert failing(stack.verify().matrix) == []


def test_another_deployment_changes_nothing(stack):
    summary = stack.deploy()

    assert [(each.op, each.name) for each in summary.changes] == []


def test_a_node_that_reboots_takes_its_own_pods_alone_and_comes_back(stack):
    pid = stack.node(LOST).pid
    others = [pod_endpoint(pod) for pod in stack.verification.pods if pod.node.name != LOST]
    with stack.traffic_between(others) as traffic:
        stack.ec2.reboot_instances(InstanceIds=[stack.node(LOST).instance_id])
        stack.until(lambda: stack.rebooted(LOST, pid), f"{LOST} boots again")
        again = stack.verify()
        losses = traffic.stop()

    assert len(others) >= 4
    assert losses.none, losses.worst()
    assert failing(again.matrix) == []


@pytest.mark.long
def test_a_node_joins_and_leaves_and_the_others_do_not_notice(stack):
    with stack.traffic() as traffic:
        grown = stack.up(nodeCount=4)
        routed = {node.name: bgp_routes(node) for node in grown.nodes}
        losses = traffic.stop()
    shrunk = stack.up(nodeCount=3)

    assert failing(grown.matrix) == []
    assert routed["node-4"] == blocks(1, 2, 3)
    assert routed["node-1"] == blocks(2, 3, 4)
    assert losses.none, losses.worst()
    assert failing(shrunk.matrix) == []


@pytest.mark.long
def test_routes_that_somebody_removes_come_back(stack):
    node = stack.node("node-2")
    node.run("ip", "route", "flush", "proto", PROTOCOL)
    stack.until(lambda: bgp_routes(node) == blocks(1, 3), "kube-router writes its routes again")

    assert failing(stack.verify().matrix) == []


def test_no_live_stack_changes_from_kube_router_to_another_mode(stack):
    with pytest.raises(Exception, match="kube-router"):
        stack.podnet("switch", "--stack", "kube-router", "--yes", "overlay")

    assert failing(stack.verify().matrix) == []
