"""What a stack with Kubernetes is: nodes by rule, real pods, and all of it proved with packets."""

import json

import pytest

from lab.kubernetes.nodes import members
from tests.kubernetes.cluster import red

pytestmark = pytest.mark.kubernetes


def test_every_pair_of_real_pods_nodes_and_pods_in_their_networks_passes(stack):
    matrix = stack.proof.matrix
    kinds = ("daemon", "host", "node", "web")

    assert red(matrix) == []
    assert sorted(matrix.endpoints) == sorted(
        f"{kind}-{number}" for kind in kinds for number in (1, 2, 3)
    )
    # Twelve endpoints, less the pairs of a node and the pod in its own network.
    assert matrix.pairs == 12 * 11 - 2 * 3
    assert matrix.others == ("metadata", "internet", "service", "service on node", "names")


def test_nodes_and_pods_have_addresses_by_the_rule(stack):
    plan = stack.settings().addresses
    found = members(stack.get("nodes")["items"])

    assert {name: each.block for name, each in found.items()} == {
        f"node-{number}": str(plan.block(plan.node(number))) for number in (1, 2, 3)
    }
    for pod in stack.proof.pods:
        assert pod.address in plan.block(pod.node.address)


def test_the_commands_tell_of_the_cluster(stack):
    listed = json.loads(stack.podnet("matrix", "--stack", "kubernetes", "--json"))
    status = stack.podnet("status", "--stack", "kubernetes")

    assert (listed["failed"], listed["pairs"]) == ([], 126)
    for number in (1, 2, 3):
        assert f"10.1.{number}.0/24 (by the rule)" in status
    assert status.count("Ready") >= 3
    assert "podnet-probe/daemon-" in status


def test_the_matrix_turns_red_where_the_cluster_is_broken(stack):
    """Without kube-proxy's table on a node, its pods and itself find no Service and no name."""
    node = stack.node("node-2")
    rules = node.run("nft", "list", "table", "ip", "kube-proxy")
    try:
        node.run(
            "nft",
            "-f",
            "-",
            stdin=(
                "table inet broken { chain c { type filter hook prerouting priority -400; "
                "ip daddr 10.96.0.0/12 drop; }; chain o { type filter hook output priority -400; "
                "ip daddr 10.96.0.0/12 drop; }; }"
            ),
        )
        failed = stack.look().failed
    finally:
        node.run("nft", "delete", "table", "inet", "broken")

    assert "chain" in rules
    assert {each.source for each in failed} == {"daemon-2", "web-2", "host-2", "node-2"}
    assert {each.target for each in failed} == {"service", "service on node", "names"}
