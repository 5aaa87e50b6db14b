"""What a cluster lives through: reboots, nodes that come and go, another mode, a lost head."""

import pytest

from podnet.lab.kubernetes.members import members
from podnet.lab.nodes.endpoints import node_endpoint, pod_endpoint
from podnet.probe.run import probe
from tests.kubernetes.cluster import failing
from tests.refusals import refused

pytestmark = pytest.mark.kubernetes


def not_ready(stack):
    return {
        name: each.why_not_ready
        for name, each in members(stack.get("nodes")["items"]).items()
        if each.why_not_ready
    }


@pytest.mark.parametrize("name", [pytest.param("node-1", marks=pytest.mark.long), "node-2"])
def test_a_node_that_reboots_comes_back_ready_with_its_pods(stack, name):
    before, pid = stack.boots(), stack.node(name).pid
    stack.ec2.reboot_instances(InstanceIds=[stack.node(name).instance_id])
    stack.until(lambda: stack.rebooted(name, pid), f"{name} boots again")
    proof = stack.verify()
    after = stack.boots()
    leases = [
        file.name for file in (stack.node(name).root / "var/lib/cni/networks/mynet").glob("10.*")
    ]
    there = [
        item
        for item in stack.cluster().pods()
        if item["spec"].get("nodeName") == name and not item["spec"].get("hostNetwork")
    ]

    assert failing(proof.matrix) == []
    assert {each for each in after if after[each] != before[each]} == {name}
    assert sorted(leases) == sorted(item["status"]["podIP"] for item in there)


@pytest.mark.long
def test_a_node_joins_and_leaves_and_the_others_do_not_notice(stack):
    before = stack.boots()
    with stack.traffic() as traffic:
        grown = stack.up(nodeCount=4)
        joined = members(stack.get("nodes")["items"])
        losses = traffic.stop()
    stack.verification = grown
    shrunk = stack.up(nodeCount=3)
    left = members(stack.get("nodes")["items"])

    assert failing(grown.matrix) == []
    assert joined["node-4"].block == "10.1.4.0/24"
    assert losses.none, losses.worst()
    assert failing(shrunk.matrix) == []
    assert set(left) == {"node-1", "node-2", "node-3"}
    assert stack.boots() == before


@pytest.mark.long
@pytest.mark.parametrize("mode", ["overlay", "host-gw"])
def test_connections_of_real_pods_live_through_a_switch(stack, mode):
    before = stack.boots()
    with stack.traffic() as traffic:
        stack.deploy(routing=mode)
        losses = traffic.stop()
    there = stack.verify()
    with stack.traffic() as traffic:
        stack.deploy(routing="vpc-routes")
        back_losses = traffic.stop()
    back = stack.verify()

    assert losses.none, losses.worst()
    assert back_losses.none, back_losses.worst()
    assert (failing(there.matrix), failing(back.matrix)) == ([], [])
    assert stack.boots() == before


@pytest.mark.long
def test_a_switch_to_the_flat_network_and_back_recreates_every_pod(stack):
    names = {pod.name for pod in stack.verification.pods}
    stack.podnet("switch", "--stack", stack.name, "--yes", "l2")
    there = stack.verify()
    stack.podnet("switch", "--stack", stack.name, "--yes", "vpc-routes")
    back = stack.verify()

    assert (failing(there.matrix), failing(back.matrix)) == ([], [])
    assert not names & {pod.name for pod in there.pods}
    assert not {pod.name for pod in there.pods} & {pod.name for pod in back.pods}


@pytest.mark.long
def test_a_roll_takes_a_node_out_of_the_cluster_first_and_spares_the_control_plane(stack):
    before = {node.name: node.instance_id for node in stack.verification.nodes}
    born = _born(stack)
    stack.lab_stack.save({"podnet:instanceType": "t3.large"})
    with refused("roll-control-plane"):
        stack.podnet("roll", "--stack", stack.name, "node-1")
    stack.podnet("roll", "--stack", stack.name, "node-3")
    rolled = stack.verify(stack.deploy())
    after = {node.name: node.instance_id for node in rolled.nodes}
    stack.lab_stack.save({"podnet:instanceType": "t3.medium"})

    assert differing(before, after) == {"node-3"}
    assert differing(born, _born(stack)) == {"node-3"}
    assert failing(rolled.matrix) == []


def _born(stack):
    """Which Node object each node has."""
    return {
        item["metadata"]["name"]: item["metadata"]["uid"] for item in stack.get("nodes")["items"]
    }


def differing(before, after):
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_node_is_ready_only_when_its_pod_network_is(stack):
    node = stack.node("node-3")
    node.run("systemctl", "stop", "podnet-agent")
    conflist = node.root / "etc/cni/net.d/10-mynet.conflist"
    kept = conflist.read_text()
    conflist.unlink()
    node.run("systemctl", "restart", "containerd")
    reason = stack.until(lambda: not_ready(stack).get("node-3"), "node-3 is not Ready")
    node.run("systemctl", "start", "podnet-agent")
    stack.until(lambda: not not_ready(stack), "node-3 is Ready again")

    assert "cni plugin not initialized" in reason.lower() or "network" in reason.lower()
    assert conflist.read_text() == kept
    assert failing(stack.verify().matrix) == []


def test_pods_reach_each_other_while_the_control_plane_is_gone(stack):
    rest = [each for each in stack.verification.nodes if each.name != "node-1"]
    ends = [
        *(pod_endpoint(pod) for pod in stack.verification.pods if pod.node.name != "node-1"),
        *map(node_endpoint, rest),
    ]
    first = stack.node("node-1")
    stack.ec2.stop_instances(InstanceIds=[first.instance_id])
    stack.until(
        lambda: not (stack.home.instances / first.instance_id / "pid").exists(), "node-1 is off"
    )
    with stack.traffic_between(ends) as traffic:
        matrix = probe(ends)
        losses = traffic.stop()
    stack.ec2.start_instances(InstanceIds=[first.instance_id])
    stack.until(lambda: stack.rebooted("node-1", first.pid), "node-1 boots again")

    assert failing(matrix) == []
    assert losses.none, losses.worst()
    assert failing(stack.verify().matrix) == []
