"""What the program makes of answers to its look-ups that hold less than they could."""

from __future__ import annotations

import pulumi
import pytest

from tests.program.account import BALANCER
from tests.program.conftest import FakeCloud

HOST_GW = "host-gw zones=1 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/26 kubeadm 10.96.0.0/12"
NODES = [
    {
        "address": f"192.168.1.1{number}",
        "image": "ami-1",
        "podnet:routing": HOST_GW,
        "podnet:network": NETWORK,
    }
    for number in (1, 2)
]
OUTPUTS = [
    (FakeCloud.ZONES, "names", []),
    (FakeCloud.PARTITION, "partition", ""),
    (FakeCloud.TYPE, "supportedArchitectures", []),
    (FakeCloud.TYPE, "hypervisor", ""),
    (FakeCloud.TYPE, "defaultVcpus", 0),
    (FakeCloud.TYPE, "memorySize", 0),
    (FakeCloud.OFFERINGS, "locations", []),
    (FakeCloud.IMAGE, "id", ""),
    (FakeCloud.QUOTA, "value", 0),
    (FakeCloud.VPCS, "ids", []),
    (FakeCloud.INSTANCES, "privateIps", []),
    (FakeCloud.TABLES, "ids", []),
    (FakeCloud.TABLE, "routes", []),
    (FakeCloud.INTERFACES, "ids", []),
    (FakeCloud.INTERFACE, "privateIps", []),
    (FakeCloud.INTERFACE, "attachments", []),
    (FakeCloud.INTERFACE, "interfaceType", ""),
    (FakeCloud.INTERFACE, "description", ""),
    (FakeCloud.GROUPS, "ids", []),
    (FakeCloud.RULES, "ids", []),
    (FakeCloud.RULE, "securityGroupId", ""),
    (FakeCloud.RULE, "isEgress", False),
    (FakeCloud.RULE, "ipProtocol", ""),
    (FakeCloud.RULE, "referencedSecurityGroupId", ""),
    (FakeCloud.RULE, "description", ""),
    (FakeCloud.RULE, "tags", {}),
    (FakeCloud.PARAMETER, "value", ""),
    (FakeCloud.SAID, "names", []),
    (FakeCloud.SAID, "values", []),
]
"""Every output of a look-up that the program reads, and that output where nothing is found."""
every_output = pytest.mark.parametrize(
    ("token", "output", "empty"),
    OUTPUTS,
    ids=[f"{token.rpartition(chr(58))[2]}-{output}" for token, output, _ in OUTPUTS],
)


@pytest.fixture
def switching(make_cloud):
    """Clouds with a cluster in host-gw, which a deployment asks about everything there is."""

    def make():
        routes = {"10.1.1.0/24": "eni-1", "10.1.99.0/24": "eni-x"}
        rules = ["test-in-pods"]
        others = {"192.168.1.30": "i-9"}
        cloud = make_cloud().holds(
            *NODES,
            settled=HOST_GW,
            routes=routes,
            rules=rules,
            others=others,
            unmanaged_rules={"sgr-9": BALANCER},
        )
        return cloud.has_cluster(2)

    return make


def switch(cloud):
    """What a switch to vpc-routes registers and says, or how it fails."""
    try:
        cloud.deploy(routing="vpc-routes", kubernetes="kubeadm", clusterTimeoutSeconds="30")
    except pulumi.RunError as error:
        return str(error)
    return cloud.sorted(), cloud.said


def answering(cloud, token, change):
    """A cloud whose answers to this look-up are changed."""
    given = cloud.answers[token]
    cloud.answers[token] = lambda args: change(given(args) if callable(given) else given)
    return cloud


def test_a_switch_asks_every_look_up_there_is(switching):
    cloud = switching()
    switch(cloud)

    assert {token for token, _ in cloud.calls} == {token for token, _, _ in OUTPUTS}


@every_output
def test_absent_null_and_empty_are_one_answer(switching, token, output, empty):
    def without(answer):
        return {name: value for name, value in answer.items() if name != output}

    absent = switch(answering(switching(), token, without))

    assert switch(answering(switching(), token, lambda answer: answer | {output: None})) == absent
    assert switch(answering(switching(), token, lambda answer: answer | {output: empty})) == absent


@pytest.mark.parametrize("name", ["cidrBlock", "gatewayId", "networkInterfaceId"])
def test_what_a_route_lacks_is_absent_null_or_empty_alike(switching, name):
    def outcome(change):
        def routes(answer):
            return {"routes": [change(route) for route in answer["routes"]]}

        return switch(answering(switching(), FakeCloud.TABLE, routes))

    absent = outcome(lambda route: {key: value for key, value in route.items() if key != name})

    assert outcome(lambda route: route | {name: None}) == absent
    assert outcome(lambda route: route | {name: ""}) == absent


@pytest.mark.parametrize("settled", ["overlay", "l2", "hybrid", "vpc-routes", "host-gw"])
@pytest.mark.parametrize("wanted", ["overlay", "l2", "vpc-routes", "host-gw"])
def test_a_switch_needs_no_rule_that_it_is_about_to_make(make_cloud, settled, wanted):
    tag = f"{settled} zones=1 vni=1 port=8472"
    nodes = [{**node, "podnet:routing": tag} for node in NODES]
    cloud = make_cloud().holds(*nodes, settled=tag).deploy(routing=wanted, nodeRangePrefix="27")
    (settled_tag,) = (
        item["value"] for item in cloud.inputs("Tag").values() if item["key"] == "podnet:settled"
    )

    assert settled_tag.startswith(f"{wanted} ")


@pytest.mark.parametrize(
    "theirs",
    ["organization/other/test", "acme/podnet/test", "organization/podnet/prod", "test"],
    ids=["project", "organization", "stack", "a former version"],
)
def test_what_another_project_has_under_this_name_is_not_seen(make_cloud, theirs):
    there = {"settled": HOST_GW, "routes": {"10.1.99.0/24": "eni-x"}, "rules": ["test-in-pods"]}
    beside = make_cloud().holds(*NODES, **there, identity=theirs).deploy(routing="overlay")
    alone = make_cloud().deploy(routing="overlay")

    assert beside.sorted() == alone.sorted()
    assert beside.said == alone.said
    assert {
        item.inputs["tags"]["podnet:stack"] for item in alone.resources if "tags" in item.inputs
    } == {"organization/podnet/test"}
