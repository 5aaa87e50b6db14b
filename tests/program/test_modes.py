"""What the program registers in each routing mode, and in which order."""

from __future__ import annotations

import pytest

FLAT = {"routing": "l2", "nodeRangePrefix": "27"}
MODES = {
    "vpc-routes": {},
    "host-gw": {"routing": "host-gw"},
    "overlay": {"routing": "overlay"},
    "hybrid": {"routing": "overlay", "crossZoneOnly": "true"},
    "l2": FLAT,
    "l2-ethernet": {**FLAT, "uplink": "ethernet", "fabric": "switch"},
}
every_mode = pytest.mark.parametrize(
    ("word", "settings"), MODES.items(), ids=lambda value: value if isinstance(value, str) else ""
)
OVERLAY = "overlay zones=1 vni=1 port=8472"
NODES = [{"address": f"192.168.1.1{number}", "image": "ami-1"} for number in (1, 2)]


def doubts(cloud):
    """Whether what nodes said before was read, since it may be outdated: the wait reads it once."""
    reads = [token for token, _ in cloud.calls if token == cloud.SAID]
    return len(reads) == 2


@every_mode
def test_each_node_is_assigned_its_routing_by_a_tag_of_its_own(cloud, word, settings):
    cloud.deploy(**settings)
    tags = {
        name: item
        for name, item in cloud.inputs("Tag").items()
        if item["key"] not in ("podnet:files", "podnet:pod-routes")
    }

    assert {name: item["resourceId"] for name, item in tags.items()} == {
        "routing-mode-a-node-1": "nodes-a-node-1-id",
        "routing-mode-a-node-2": "nodes-a-node-2-id",
        "routing-mode-settled": "network-id",
    }
    assert {name: item["key"] for name, item in tags.items()} == {
        "routing-mode-a-node-1": "podnet:routing",
        "routing-mode-a-node-2": "podnet:routing",
        "routing-mode-settled": "podnet:settled",
    }
    assert {item["value"].partition(" ")[0] for item in tags.values()} == {word}
    assert {item["value"] for item in tags.values()} == {cloud.exports["routingTag"]}


def test_a_tag_is_gone_with_what_it_is_on(cloud):
    cloud.deploy()
    owners = {item.urn: f"{item.name}-id" for item in cloud.resources}

    assert {owners[item.deleted_with] for item in cloud.of("Tag")} == {
        "nodes-a-node-1-id",
        "nodes-a-node-2-id",
        "network-id",
    }
    assert [
        item.name
        for item in cloud.of("Tag")
        if owners[item.deleted_with] != item.inputs["resourceId"]
    ] == []


def test_a_tag_that_is_not_listed_yet_is_tried_again_and_nothing_else(cloud):
    cloud.deploy()

    assert {item.type.rpartition(":")[2] for item in cloud.resources if item.error_hooks} == {"Tag"}
    assert [item.name for item in cloud.of("Tag") if not item.error_hooks] == []


@every_mode
def test_only_vpc_routes_puts_pods_into_the_route_tables(cloud, word, settings):
    cloud.deploy(**settings)

    assert {name for name in cloud.inputs("Route") if name.startswith("pod-routes")} == (
        {"pod-routes-a-node-1", "pod-routes-a-node-2"} if word == "vpc-routes" else set()
    )
    assert bool(cloud.of("PodRoutes")) is (word == "vpc-routes")


@every_mode
def test_the_firewall_lets_in_what_the_mode_sends(cloud, word, settings):
    cloud.deploy(**settings, vxlanPort="4789")
    rules = cloud.inputs("SecurityGroupIngressRule")
    native = {"vpc-routes", "host-gw", "hybrid", "l2-ethernet"}
    wrapped = {"overlay", "hybrid", "l2"}

    assert rules.keys() - {"firewall-in-nodes", "firewall-in-path-mtu"} == {
        *({"firewall-in-pods"} if word in native else ()),
        *({"firewall-in-vxlan-4789"} if word in wrapped else ()),
    }
    if word in wrapped:
        rule = rules["firewall-in-vxlan-4789"]
        assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("udp", 4789, 4789)
        assert rule["referencedSecurityGroupId"] == "firewall-id"


@every_mode
def test_a_change_of_mode_changes_nothing_of_an_instance(make_cloud, word, settings):
    def instances(cloud):
        return {item.urn: (item.inputs, item.ignore_changes) for item in cloud.of("Instance")}

    # What is no part of a mode: how large the node range is, and what the subnets are.
    fixed = {"nodeRangePrefix": "27", "fabric": settings.get("fabric", "vpc")}
    before = instances(make_cloud().deploy(**fixed))

    assert instances(make_cloud().deploy(**{**fixed, **settings})) == before


def test_what_the_routing_needs_is_there_before_a_node_is_tagged(cloud):
    cloud.deploy(nodeCount="1", zones="3")
    needed = {
        item.urn
        for item in cloud.resources
        if item.custom and ("Firewall$" in item.urn or "PodRoutes$" in item.urn)
    }
    tagged = [item for item in cloud.of("Tag") if item.inputs["key"] == "podnet:routing"]

    assert len(tagged) == 3
    assert {item.name for item in cloud.resources if item.urn in needed} >= {
        "firewall-in-pods",
        *(
            f"pod-routes-{zone}-{node}"
            for zone in "abc"
            for node in ("node-1", "node-65", "node-129")
        ),
    }
    assert [needed - item.depends_on for item in tagged] == [set(), set(), set()]


def test_the_switch_has_settled_only_after_every_node_was_told_and_rules_go_only_then(cloud):
    cloud.deploy(nodeCount="3")
    tagged = {item.urn for item in cloud.of("Tag") if item.inputs["key"] == "podnet:routing"}
    (settled,) = (item for item in cloud.of("Tag") if item.inputs["key"] == "podnet:settled")
    (exclusive,) = cloud.of("VpcSecurityGroupRulesExclusive")

    assert tagged <= settled.depends_on
    assert settled.urn in exclusive.depends_on


def test_nothing_waits_for_the_rules_to_be_closed_and_no_node_for_a_switch(cloud):
    cloud.deploy()
    last = {
        item.urn
        for item in cloud.resources
        if "RoutingMode" in item.urn and item.type != "podnet:index:RoutingMode"
    }

    assert last
    assert [
        item.name for item in cloud.resources if last & item.depends_on and item.urn not in last
    ] == []


def test_a_settled_stack_doubts_nothing(cloud):
    cloud.holds(*({**node, "podnet:routing": OVERLAY} for node in NODES), settled=OVERLAY)
    cloud.deploy(routing="overlay")

    assert not doubts(cloud)


def test_a_first_deployment_has_nothing_to_doubt(cloud):
    cloud.deploy(routing="overlay")

    assert not doubts(cloud)


@pytest.mark.parametrize(
    ("tags", "settled"),
    [
        pytest.param([OVERLAY, OVERLAY], "host-gw zones=1 vni=1 port=8472", id="before it settled"),
        pytest.param([OVERLAY, OVERLAY], None, id="before it ever settled"),
        pytest.param(["host-gw zones=1 vni=1 port=8472", OVERLAY], OVERLAY, id="on the way there"),
        pytest.param([OVERLAY, ""], OVERLAY, id="with a node not tagged"),
        pytest.param([OVERLAY, "nonsense"], OVERLAY, id="with a tag changed by hand"),
    ],
)
def test_what_nodes_said_in_a_switch_that_was_interrupted_is_doubted(cloud, tags, settled):
    tagged = [{**node, "podnet:routing": tag} for node, tag in zip(NODES, tags, strict=True)]
    cloud.holds(*tagged, settled=settled).deploy(routing="overlay")

    assert doubts(cloud)


@pytest.mark.parametrize(
    "there",
    [{"rules": ["test-in-pods"]}, {"routes": {"10.1.2.0/24": "eni-2"}}],
    ids=["a rule", "a route"],
)
def test_what_two_interrupted_switches_there_and_back_left_is_doubted(cloud, there):
    tagged = [{**node, "podnet:routing": OVERLAY} for node in NODES]
    cloud.holds(*tagged, settled=OVERLAY, **there).deploy(routing="overlay")

    assert doubts(cloud)


def test_what_carries_packets_as_wanted_is_not_doubted(cloud):
    tag = "hybrid zones=1 vni=1 port=8472"
    tagged = [{**node, "podnet:routing": tag} for node in NODES]
    rules = ["test-in-pods", "test-in-vxlan-8472", "test-in-nodes", "test-in-ssh-10.0.0.0-8"]
    cloud.holds(*tagged, settled=tag, rules=rules).deploy(routing="overlay", crossZoneOnly="true")

    assert not doubts(cloud)


def test_another_stack_of_the_same_name_does_not_pass_for_this_one(cloud):
    cloud.holds(
        *({**node, "podnet:routing": OVERLAY} for node in NODES),
        settled="host-gw zones=1 vni=1 port=8472",
        namesake=OVERLAY,
    ).deploy(routing="overlay")

    assert doubts(cloud)


@pytest.mark.parametrize(
    "settings",
    [
        {"vni": "2"},
        {"vxlanPort": "4789"},
        {"zones": "2", "nodeCount": "[2, 0]"},
        {"crossZoneOnly": "true"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_other_numbers_of_the_same_mode_are_a_switch_as_well(cloud, settings):
    cloud.holds(*({**node, "podnet:routing": OVERLAY} for node in NODES), settled=OVERLAY)
    cloud.deploy(routing="overlay", **settings)

    assert doubts(cloud)


def test_a_preview_reads_nothing_and_knows_what_will_be_written(cloud):
    cloud.holds(*NODES, settled=None).deploy(routing="overlay", dry_run=True)

    assert cloud.SAID not in dict(cloud.calls)
    assert {
        item["value"] for item in cloud.inputs("Tag").values() if item["key"] != "podnet:files"
    } == {OVERLAY}
