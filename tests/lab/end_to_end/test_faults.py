"""One thing broken at a time turns exactly the cells red that depend on it."""

import json

import pytest

pytestmark = pytest.mark.lab

CONFLIST = "/etc/cni/net.d/10-mynet.conflist"


@pytest.fixture(autouse=True)
def green_before_and_after(lab):
    assert lab.red() == set()
    yield
    assert lab.red() == set(), "the repair of this test left the next one a broken lab"


def pods_of(lab, node):
    return {pod.name for pod in lab.pods if pod.node.name == node}


def crossing(lab, node):
    """Pairs of a pod of this node with whatever is on another node, both ways."""
    mine = pods_of(lab, node)
    others = {pod.name for pod in lab.pods} - mine | {each.name for each in lab.nodes} - {node}
    return {pair for pod in mine for other in others for pair in ((pod, other), (other, pod))}


def outbound(lab):
    """Pairs from any pod to whatever is on another node."""
    return {
        (pod.name, other)
        for node in lab.nodes
        for pod in lab.pods
        if pod.node.name != node.name
        for other in {node.name} | pods_of(lab, node.name)
    }


def set_source_dest_check(lab, node, *, on):
    lab.ec2.modify_instance_attribute(
        InstanceId=lab.node(node).instance_id, SourceDestCheck={"Value": on}
    )
    lab.wait_until_applied()


def test_the_source_dest_check_stops_the_pods_of_its_node(lab):
    set_source_dest_check(lab, "node-1", on=True)
    try:
        assert lab.red() == crossing(lab, "node-1")
    finally:
        set_source_dest_check(lab, "node-1", on=False)


def test_a_deleted_pod_route_cuts_off_the_pods_of_its_node(lab):
    (table,) = lab.outputs["routeTableIds"].values()
    lab.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.1.2.0/24")
    lab.wait_until_applied()
    try:
        assert lab.red() == crossing(lab, "node-2")
    finally:
        lab.engine(nodeCount=2).refresh()
        lab.up(nodeCount=2)


def test_without_the_pod_rule_no_pod_reaches_another_node(lab):
    rules = lab.ec2.describe_security_group_rules()["SecurityGroupRules"]
    (rule,) = [rule for rule in rules if rule.get("CidrIpv4") == "10.1.0.0/16"]
    lab.ec2.revoke_security_group_ingress(
        GroupId=rule["GroupId"], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )
    lab.wait_until_applied()
    try:
        assert lab.red() == outbound(lab)
    finally:
        lab.engine(nodeCount=2).refresh()
        lab.up(nodeCount=2)


@pytest.fixture
def without_agent(lab):
    """Nodes whose agents rest while the test spoils what they keep."""
    for node in lab.nodes:
        node.run("systemctl", "stop", "podnet-agent")
    yield
    for node in lab.nodes:
        node.run("systemctl", "start", "podnet-agent")
    lab.wait_until_applied()
    lab.replace_pods(*(node.name for node in lab.nodes))


def spoil_conflist(node, **changes):
    config = json.loads(node.run("cat", CONFLIST))
    config["plugins"][0] |= changes
    node.run("tee", CONFLIST, stdin=json.dumps(config))


@pytest.mark.usefixtures("without_agent")
def test_masquerade_by_the_plugin_hides_pods_from_other_nodes(lab):
    spoil_conflist(lab.node("node-1"), ipMasq=True)
    lab.replace_pods("node-1")

    matrix = lab.matrix()

    assert {(result.source, result.target) for result in matrix.failed} == {
        pair for pair in outbound(lab) if pair[0] in pods_of(lab, "node-1")
    }
    own = next(pod.address for pod in lab.pods if pod.name == "pod-1a")
    assert f"seen as 192.168.1.11, not {own}" in {
        result.reason for result in matrix.failed if result.source == "pod-1a"
    }


@pytest.mark.usefixtures("without_agent")
def test_a_pod_mtu_over_the_link_loses_full_packets_between_nodes(lab):
    before = {node: node.run("cat", CONFLIST) for node in lab.nodes}
    try:
        for node in lab.nodes:
            spoil_conflist(node, mtu=9501)
        lab.replace_pods("node-1", "node-2")
        matrix = lab.matrix()
    finally:
        # With such pods no node is ready.
        for node, text in before.items():
            node.run("tee", CONFLIST, stdin=text)
        lab.replace_pods("node-1", "node-2")

    between = {
        (one.name, two.name)
        for one in lab.pods
        for two in lab.pods
        if one.node.name != two.node.name
    }
    # The bridge itself keeps the agent's MTU, so a full packet of a node to any pod is lost there.
    through_a_bridge = {(node.name, pod.name) for node in lab.nodes for pod in lab.pods}
    assert {(result.source, result.target) for result in matrix.failed} == (
        between | through_a_bridge
    )
    assert {str(result.check) for result in matrix.failed} == {"mtu"}


@pytest.mark.usefixtures("without_agent")
def test_without_the_agents_table_pods_do_not_reach_the_internet(lab):
    lab.node("node-1").run("nft", "delete", "table", "inet", "podnet")

    assert lab.red() == {(pod, "internet") for pod in pods_of(lab, "node-1")}


@pytest.mark.usefixtures("without_agent")
def test_without_its_bridge_a_node_has_pods_that_nobody_reaches(lab):
    lab.node("node-1").run("ip", "link", "delete", "kube-bridge")

    mine = pods_of(lab, "node-1")
    own = mine | {"node-1"}
    inside = {(one, two) for one in own for two in own if one != two}
    assert lab.red() == crossing(lab, "node-1") | inside | {(pod, "internet") for pod in mine}
