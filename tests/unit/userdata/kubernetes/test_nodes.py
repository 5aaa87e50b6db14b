import json

import nodes
import pytest

from podnet.plan.address import AddressPlan


@pytest.fixture
def plan(cluster) -> AddressPlan:
    return cluster.addresses


def item(name, block=None):
    return {"metadata": {"name": name}, "spec": {"podCIDR": block} if block else {}}


def test_a_node_that_lacks_a_block_gets_the_one_of_the_rule(plan):
    found = nodes.blocks(plan, [item("node-1", "10.1.1.0/24"), item("node-2"), item("node-12")])

    assert found == ({"node-2": "10.1.2.0/24", "node-12": "10.1.12.0/24"}, [])


@pytest.mark.parametrize(
    "name", ["worker", "node-0", "node-01", "node-54", "node-64", "node-257", "node-1a", "xnode-1"]
)
def test_a_node_of_another_is_left_alone_and_named(plan, name):
    assert nodes.blocks(plan, [item(name)]) == (
        {},
        [f"{name} is not a node of this stack and is left alone"],
    )


def test_another_block_than_the_rules_is_reported_with_the_way_out(plan):
    missing, wrong = nodes.blocks(plan, [item("node-2", "10.1.9.0/24")])

    assert missing == {}
    assert "node-2 has podCIDR 10.1.9.0/24, the address rule gives it 10.1.2.0/24" in wrong[0]
    assert "kubectl delete node node-2" in wrong[0]


@pytest.mark.parametrize("cni", ["", "kube-router", "custom"])
def test_a_block_is_patched_in_both_fields(cni):
    assert json.loads(nodes.patch("10.1.2.0/24", cni)) == {
        "spec": {"podCIDR": "10.1.2.0/24", "podCIDRs": ["10.1.2.0/24"]}
    }


def test_with_its_block_a_node_of_calico_gets_the_first_address_of_it_for_vxlan():
    assert json.loads(nodes.patch("10.1.2.64/26", "calico")) == {
        "metadata": {"annotations": {"projectcalico.org/IPv4VXLANTunnelAddr": "10.1.2.65"}},
        "spec": {"podCIDR": "10.1.2.64/26", "podCIDRs": ["10.1.2.64/26"]},
    }


def test_nodes_above_the_count_of_their_zone_go_the_highest_first_and_others_stay(plan):
    names = ("node-1", "node-2", "node-3", "node-10", "node-65", "node-66", "node-129", "worker")
    items = [item(name) for name in names]

    assert nodes.surplus(plan, items, [10, 2, 1]) == []
    assert nodes.surplus(plan, items, [2, 1, 1]) == ["node-66", "node-10", "node-3"]
    assert nodes.surplus(plan, items, [2, 2, 0]) == ["node-129", "node-10", "node-3"]
    assert nodes.surplus(plan, items, [10]) == ["node-129", "node-66", "node-65"]


@pytest.mark.parametrize("text", ["", "0", "-1", "2.0", "none", "٣", "3,", "0,3", "3, 1", "3;1"])
def test_what_are_no_counts_removes_nobody(text):
    with pytest.raises(ValueError, match="are no counts of nodes, so no node is removed"):
        nodes.parse_counts(text)


@pytest.mark.parametrize(("text", "counts"), [("12", (12,)), ("3,1,0", (3, 1, 0))])
def test_the_counts_are_read(text, counts):
    assert nodes.parse_counts(text) == counts
