"""Flannel as the carrier of pods: deployed with the stack, and left alone by the node agent."""

import json

import pytest

from podnet.lab.nodes.pods import HostPort
from tests.host_ports import Answers, seen_as
from tests.kubernetes.cluster import failing
from tests.kubernetes.served import pod, start

pytestmark = pytest.mark.kubernetes


def flannel_routes(node):
    routes = json.loads(node.run("ip", "-json", "route"))
    return {each["dst"] for each in routes if each["dev"].startswith("flannel.")}


def test_every_pair_passes_and_it_is_flannel_that_carries_them(stack):
    links = {
        node.name: node.run("ip", "-o", "link", "show", "type", "vxlan")
        for node in stack.verification.nodes
    }
    conflists = {
        node.name: {file.name for file in (node.root / "etc/cni/net.d").glob("*.conflist")}
        for node in stack.verification.nodes
    }

    assert failing(stack.verification.matrix) == []
    for node in stack.verification.nodes:
        others = {f"10.1.{number}.0/24" for number in (1, 2, 3)} - {f"10.1.{node.name[-1]}.0/24"}
        assert flannel_routes(node) == others
        assert "flannel.3" in links[node.name]
    assert set(map(frozenset, conflists.values())) == {frozenset({"10-flannel.conflist"})}


def test_the_agent_leaves_what_is_flannels_alone(stack):
    node = stack.node("node-2")
    before = flannel_routes(node), (node.root / "etc/cni/net.d/10-flannel.conflist").read_text()
    node.run("systemctl", "restart", "podnet-agent")
    after = flannel_routes(node), (node.root / "etc/cni/net.d/10-flannel.conflist").read_text()

    assert after == before
    assert failing(stack.verify().matrix) == []


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_port_of_a_node_leads_to_a_pod(stack, protocol):
    mine, other = stack.node("node-2"), stack.node("node-3")
    port = HostPort(8080, 80, protocol)
    (served,) = start(stack, pod("served", (mine.address, port), node="node-2"))
    with Answers(served):
        seen = seen_as(other.netns, mine.address, port)
        stack.kubectl("delete", "pod", "served", "--timeout=60s")
        left = seen_as(other.netns, mine.address, port)

    assert (seen, left) == (str(other.address), None)


def test_another_deployment_changes_nothing(stack):
    summary = stack.deploy()

    assert [(each.op, each.name) for each in summary.changes] == []


def test_a_node_that_reboots_comes_back_with_flannel(stack):
    name = "node-3"
    pid = stack.node(name).pid
    stack.ec2.reboot_instances(InstanceIds=[stack.node(name).instance_id])
    stack.until(lambda: stack.rebooted(name, pid), f"{name} boots again")

    assert failing(stack.verify().matrix) == []


def test_no_live_stack_changes_from_flannel_to_another_mode(stack):
    with pytest.raises(Exception, match=r"(?i)flannel"):
        stack.podnet("switch", "--stack", "flannel", "--yes", "overlay")

    assert failing(stack.verify().matrix) == []
