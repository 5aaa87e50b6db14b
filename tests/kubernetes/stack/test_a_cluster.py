"""A stack with Kubernetes: its nodes, its pods, and a matrix that passes."""

import json

import pytest

from podnet.lab.kubernetes.members import members
from tests.kubernetes.cluster import failing

pytestmark = pytest.mark.kubernetes


def test_every_pair_of_real_pods_nodes_and_pods_in_their_networks_passes(stack):
    matrix = stack.verification.matrix
    kinds = ("daemon", "host", "node", "web")

    assert failing(matrix) == []
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
    for pod in stack.verification.pods:
        assert pod.address in plan.block(pod.node.address)


def test_the_commands_show_the_cluster(stack):
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
        failed = stack.probe().failed
    finally:
        node.run("nft", "delete", "table", "inet", "broken")

    assert "chain" in rules
    assert {each.source for each in failed} == {"daemon-2", "web-2", "host-2", "node-2"}
    assert {each.target for each in failed} == {"service", "service on node", "names"}


SYNCS = {
    "its pod is restarted": ("delete pod --namespace=kube-system --selector=k8s-app=kube-proxy",),
    "a label of a node changes": (
        "label node node-3 topology.kubernetes.io/zone=x --overwrite",
        "label node node-3 topology.kubernetes.io/zone=y --overwrite",
    ),
}


@pytest.mark.parametrize("commands", SYNCS.values(), ids=SYNCS)
def test_services_live_through_full_syncs_of_kube_proxy(stack, commands):
    """Each of these makes kube-proxy read its rules back and write all of them again."""
    before = service_addresses(stack)
    for command in commands:
        stack.kubectl(*command.split())
        stack.kubectl(*ROLLED_OUT)

        # After every one: a second sync would bring back what the first one deleted.
        assert failing(stack.probe()) == []
        assert service_addresses(stack) == before


ROLLED_OUT = (
    *("rollout", "status", "--namespace=kube-system"),
    *("daemonset/kube-proxy", "--timeout=60s"),
)


def service_addresses(stack):
    """The number of Services' addresses in kube-proxy's table on each node."""
    found = {}
    for number in (1, 2, 3):
        listed = stack.node(f"node-{number}").run(
            *["nft", "--json", "list", "map", "ip", "kube-proxy", "service-ips"]
        )
        (table,) = [each["map"] for each in json.loads(listed)["nftables"] if "map" in each]
        found[number] = len(table["elem"])
    assert all(found.values()), found
    return found
