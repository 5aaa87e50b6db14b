"""`__main__.py` itself, run once per shape of stack."""

from __future__ import annotations

import gzip
import re
from base64 import b64decode
from dataclasses import replace
from ipaddress import IPv4Network

import pulumi
import pytest

from podnet import userdata
from podnet.plan.settings import Settings
from podnet.plan.tags import NODES
from podnet.userdata import rendering

OTHER_NUMBERS = {
    "vpcCidr": "172.20.4.0/22",
    "podCidr": "10.64.0.0/12",
    "podBlockPrefix": "26",
    "nodeCount": "2",
}


def pod_routes(cloud) -> set[tuple[str, str, str]]:
    """Table, destination and interface of every route to an interface."""
    return {
        (route["routeTableId"], route["destinationCidrBlock"], route["networkInterfaceId"])
        for route in cloud.inputs("Route").values()
        if "networkInterfaceId" in route
    }


def without(urns, item):
    """A resource that does not wait for these; what is last in a switch waits for every node.

    The tag of the VPC that lists the nodes is left out.
    """
    tags = {key: value for key, value in item.inputs.get("tags", {}).items() if key != NODES}
    inputs = item.inputs | ({"tags": tags} if tags else {})
    sources = {
        name: tuple(each for each in urn if each not in urns) for name, urn in item.sources.items()
    }
    return replace(item, inputs=inputs, depends_on=item.depends_on - urns, sources=sources)


def test_a_stack_of_two_nodes_has_the_numbers_of_the_article(cloud):
    cloud.deploy()

    assert cloud.inputs("Vpc")["network"]["cidrBlock"] == "192.168.1.0/24"
    assert cloud.inputs("Subnet")["network-a"]["cidrBlock"] == "192.168.1.0/24"
    assert {name: item["privateIp"] for name, item in cloud.inputs("Instance").items()} == {
        "nodes-a-node-1": "192.168.1.11",
        "nodes-a-node-2": "192.168.1.12",
    }
    assert pod_routes(cloud) == {
        ("network-a-id", "10.1.1.0/24", "eni-nodes-a-node-1"),
        ("network-a-id", "10.1.2.0/24", "eni-nodes-a-node-2"),
    }


def test_other_numbers_leave_nothing_of_the_article_behind(cloud):
    cloud.deploy(**OTHER_NUMBERS)

    assert pod_routes(cloud) == {
        ("network-a-id", "10.64.0.64/26", "eni-nodes-a-node-1"),
        ("network-a-id", "10.64.0.128/26", "eni-nodes-a-node-2"),
    }
    assert not re.search(r"192\.168\.1\.|\b10\.1\.", repr(cloud.resources) + repr(cloud.exports))


def version(settings):
    return userdata.version(settings, "organization/podnet/test")


def test_every_zone_has_a_subnet_a_table_and_every_pod_route(cloud):
    cloud.deploy(zones="3", nodeCount="[2, 1, 1]")

    assert {
        name: (item["cidrBlock"], item["availabilityZone"])
        for name, item in cloud.inputs("Subnet").items()
    } == {
        "network-a": ("192.168.1.0/24", "eu-central-1a"),
        "network-b": ("192.168.2.0/24", "eu-central-1b"),
        "network-c": ("192.168.3.0/24", "eu-central-1c"),
    }
    assert {
        (item["subnetId"], item["routeTableId"])
        for item in cloud.inputs("RouteTableAssociation").values()
    } == {(f"network-{zone}-id", f"network-{zone}-id") for zone in "abc"}
    assert {name: item["subnetId"] for name, item in cloud.inputs("Instance").items()} == {
        "nodes-a-node-1": "network-a-id",
        "nodes-a-node-2": "network-a-id",
        "nodes-b-node-65": "network-b-id",
        "nodes-c-node-129": "network-c-id",
    }
    assert pod_routes(cloud) == {
        (f"network-{zone}-id", block, f"eni-nodes-{node}")
        for zone in "abc"
        for node, block in {
            "a-node-1": "10.1.1.0/24",
            "a-node-2": "10.1.2.0/24",
            "b-node-65": "10.1.65.0/24",
            "c-node-129": "10.1.129.0/24",
        }.items()
    }


def test_the_exports_say_where_everything_is(cloud):
    cloud.deploy(zones="2", nodeCount="1")

    assert cloud.exports == {
        "vpcId": "network-id",
        "subnetIds": {"eu-central-1a": "network-a-id", "eu-central-1b": "network-b-id"},
        "routeTableIds": {"eu-central-1a": "network-a-id", "eu-central-1b": "network-b-id"},
        "routing": "vpc-routes",
        "routingTag": "vpc-routes zones=2 vni=1 port=8472",
        "version": version(Settings(zones=2)),
        "files": userdata.release.digest(Settings(zones=2)),
        "imageId": "ami-0123456789abcdef0",
        "podCidr": "10.1.0.0/16",
        "nodes": {
            "node-1": {
                "zone": "eu-central-1a",
                "privateIp": "192.168.1.11",
                "publicIp": "public-nodes-a-node-1",
                "podBlock": "10.1.1.0/24",
                "instanceId": "nodes-a-node-1-id",
                "instanceType": "t3.small",
                "imageId": "ami-0123456789abcdef0",
            },
            "node-65": {
                "zone": "eu-central-1b",
                "privateIp": "192.168.2.11",
                "publicIp": "public-nodes-b-node-65",
                "podBlock": "10.1.65.0/24",
                "instanceId": "nodes-b-node-65-id",
                "instanceType": "t3.small",
                "imageId": "ami-0123456789abcdef0",
            },
        },
    }


@pytest.mark.parametrize(
    ("zones", "added"),
    [
        (
            "1",
            {
                "acknowledgements-a-node-3",
                "assigned-release-a-node-3",
                "nodes-a-node-3",
                "pod-routes-a-node-3",
                "routing-mode-a-node-3",
            },
        ),
        (
            "3",
            {
                "acknowledgements-a-node-3",
                "assigned-release-a-node-3",
                "nodes-a-node-3",
                "routing-mode-a-node-3",
                *(f"pod-routes-{zone}-node-3" for zone in "abc"),
            },
        ),
    ],
    ids=["one zone", "three zones"],
)
def test_adding_node_3_changes_nothing_of_nodes_1_and_2(make_cloud, zones, added):
    more = ["1"] * (int(zones) - 1)
    two = make_cloud().deploy(nodeCount=f"[{','.join(['2', *more])}]", zones=zones)
    three = make_cloud().deploy(nodeCount=f"[{','.join(['3', *more])}]", zones=zones)
    new = three.urns() - two.urns()

    same = [without(new, item) for item in three.sorted() if item.urn not in new]
    assert same == [without(set(), item) for item in two.sorted()]
    assert {urn.rpartition("::")[2] for urn in new} == added


def test_no_node_boots_before_the_way_to_the_internet_is_open(cloud):
    cloud.deploy()
    needed = {
        item.urn
        for item in cloud.resources
        if item.custom and ("Network$" in item.urn or "Firewall$" in item.urn)
    }

    assert {item.name for item in cloud.resources if item.urn in needed} >= {
        "network-a-internet",
        "firewall-out-all",
    }
    assert [needed - item.depends_on for item in cloud.of("Instance")] == [set(), set()]


def test_every_node_receives_the_same_user_data(cloud):
    cloud.deploy(nodeCount="3", vpcCidr="172.20.4.0/22", podCidr="10.64.0.0/12")
    expected = userdata.render(
        Settings(vpc_cidr=IPv4Network("172.20.4.0/22"), pod_cidr=IPv4Network("10.64.0.0/12")),
        "organization/podnet/test",
    )

    assert {
        gzip.decompress(b64decode(item["userDataBase64"])).decode()
        for item in cloud.inputs("Instance").values()
    } == {expected}


def test_the_version_is_that_of_the_files_and_not_of_their_compression(cloud, monkeypatch):
    monkeypatch.setattr(userdata, "encoded", lambda *_: "another compressor's")
    cloud.deploy(zones="2", routing="overlay", vxlanPort="4789")

    assert {item["tags"]["podnet:version"] for item in cloud.inputs("Instance").values()} == {
        version(Settings(zones=2))
    }


def test_tags_of_the_settings_are_on_every_taggable_resource(cloud):
    cloud.deploy(tags='{"team": "network"}')
    tagged = [item for item in cloud.resources if "tags" in item.inputs]

    assert tagged
    assert {item.inputs["tags"].get("team") for item in tagged} == {"network"}


def test_administrators_get_a_rule_for_ssh(cloud):
    cloud.deploy(sshCidrs='["203.0.113.0/24"]', keyName="mine")

    assert (
        cloud.inputs("SecurityGroupIngressRule")["firewall-in-ssh-203.0.113.0-24"]["cidrIpv4"]
        == "203.0.113.0/24"
    )


@pytest.mark.parametrize(
    ("kind", "pattern", "architecture"),
    [("t3.small", "debian-12-amd64-*", "x86_64"), ("m7g.large", "debian-12-arm64-*", "arm64")],
)
def test_the_newest_debian_image_is_looked_up_once(cloud, kind, pattern, architecture):
    cloud.deploy(instanceType=kind)

    assert [args for token, args in cloud.calls if token == cloud.IMAGE] == [
        {
            "owners": ["136693071363"],
            "mostRecent": True,
            "includeDeprecated": True,
            "filters": [
                {"name": "name", "values": [pattern]},
                {"name": "architecture", "values": [architecture]},
            ],
        }
    ]
    assert {item["ami"] for item in cloud.inputs("Instance").values()} == {"ami-0123456789abcdef0"}


@pytest.mark.parametrize("settings", [{}, {"keyName": "mine"}], ids=["none", "a name"])
def test_new_nodes_have_the_key_of_the_settings(cloud, settings):
    cloud.deploy(**settings)

    assert {item.get("keyName") for item in cloud.inputs("Instance").values()} == {
        settings.get("keyName")
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"nodeCount": "0"}, "podnet:nodeCount must be at least 1, got 0", id="rule"),
        pytest.param({"nodecount": "3"}, "podnet:nodecount is not a setting of podnet", id="typo"),
        pytest.param(
            {"routing": "host-gw", "zones": "2"}, "podnet:routing host-gw takes 1 zone", id="mode"
        ),
    ],
)
def test_bad_settings_stop_the_program_before_it_registers_anything(cloud, settings, message):
    with pytest.raises(pulumi.RunError, match=message):
        cloud.deploy(**settings)

    assert cloud.resources == []


def test_user_data_over_the_limit_stops_the_program_before_it_registers_anything(
    cloud,
    monkeypatch,
):
    monkeypatch.setattr(rendering, "LIMIT", 1000)

    with pytest.raises(pulumi.RunError, match=r"1,000"):
        cloud.deploy()
    assert cloud.resources == []
