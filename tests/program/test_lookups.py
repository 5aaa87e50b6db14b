"""What the program makes of answers to its look-ups that hold less than they could."""

from __future__ import annotations

import pulumi
import pytest

from tests.program.conftest import FakeCloud

HOST_GW = "host-gw max=250 vni=1 port=8472"
NETWORK = "192.168.1.0/24 10.1.0.0/16 /24 zones=1 kubeadm 10.96.0.0/12"
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
    (FakeCloud.OFFERINGS, "locations", []),
    (FakeCloud.IMAGE, "id", ""),
    (FakeCloud.QUOTA, "value", 0),
    (FakeCloud.VPCS, "ids", []),
    (FakeCloud.INSTANCES, "privateIps", []),
    (FakeCloud.TABLES, "ids", []),
    (FakeCloud.TABLE, "routes", []),
    (FakeCloud.RULES, "ids", []),
    (FakeCloud.PARAMETER, "value", ""),
]
"""Every output of a look-up that the program reads, and that output where nothing is found."""
every_output = pytest.mark.parametrize(
    ("token", "output", "empty"), OUTPUTS, ids=[token.rpartition(":")[2] for token, _, _ in OUTPUTS]
)


@pytest.fixture
def switching(make_cloud):
    """Clouds with a cluster in host-gw, which a deployment asks about everything there is."""

    def make():
        routes = {"10.1.1.0/24": "eni-1", "10.1.99.0/24": "eni-x"}
        rules = ["test-in-pods"]
        cloud = make_cloud().holds(*NODES, settled=HOST_GW, routes=routes, rules=rules)
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
    tag = f"{settled} max=32 vni=1 port=8472"
    nodes = [{**node, "podnet:routing": tag} for node in NODES]
    cloud = make_cloud().holds(*nodes, settled=tag).deploy(routing=wanted, maxNodes="32")
    (settled_tag,) = (
        item["value"] for item in cloud.inputs("Tag").values() if item["key"] == "podnet:settled"
    )

    assert settled_tag.startswith(f"{wanted} ")


@pytest.mark.parametrize("project", [None, "podnet"], ids=["no tag", "its own"])
def test_a_vpc_of_this_project_or_of_a_former_version_is_the_stacks_own(cloud, project):
    cloud.holds(*NODES, settled=HOST_GW, project=project).deploy(routing="host-gw")

    assert cloud.inputs("Vpc")["network"]["tags"]["podnet:project"] == "podnet"


def test_a_stack_of_this_name_in_another_project_is_refused(cloud):
    cloud.holds(*NODES, settled=HOST_GW, project="theirs")

    with pytest.raises(pulumi.RunError, match="vpc-1 is tagged podnet:stack=test by another"):
        cloud.deploy(routing="host-gw")
    assert cloud.resources == []
