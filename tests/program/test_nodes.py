"""The nodes by themselves: what an instance is made with, and what of it may change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Network

import pulumi

from podnet.components.acknowledgements import Acknowledgements, AcknowledgementsArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes, NodesArgs
from podnet.components.release import Release, ReleaseArgs
from podnet.components.tags import common
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings
from podnet.plan.shape import RootVolume

SETTINGS = Settings(
    vpc_cidr=IPv4Network("172.20.4.0/22"),
    pod_cidr=IPv4Network("10.64.0.0/12"),
    subnet_prefix=23,
    zones=2,
    node_count=1,
)
TAGS = common("test", {})


def machines(
    depends_on: Mapping[str, pulumi.Resource] | None = None,
    reused: Collection[str] = (),
) -> Nodes:
    return Nodes(
        "node",
        NodesArgs(
            nodes=planned_nodes(SETTINGS),
            subnet_ids={"a": "subnet-a", "b": "subnet-b"},
            security_group_id="sg-1",
            template=NodeTemplate(
                user_data="H4sIAAAA",
                version="abc123",
                files="0123456789abcdef",
                network_fingerprint="these numbers",
                image_id="ami-1",
                instance_type="m5.large",
                volume=RootVolume(),
            ),
            reused=reused,
            session_manager=True,
            release=Release("release", ReleaseArgs(stack="test", settings=SETTINGS, tags=TAGS)),
            acknowledgements=Acknowledgements(
                "said",
                AcknowledgementsArgs(stack="test", nodes=planned_nodes(SETTINGS), tags=TAGS),
            ),
            depends_on=list((depends_on or {}).values()),
            tags=TAGS,
        ),
    )


def test_an_instance_may_forward_packets_of_pods(cloud):
    cloud.build(machines)

    assert [item["sourceDestCheck"] for item in cloud.inputs("Instance").values()] == [False, False]


def test_an_instance_has_its_planned_address_in_the_subnet_of_its_zone(cloud):
    cloud.build(machines)

    assert {
        name: (
            item["privateIp"],
            item["subnetId"],
            item["vpcSecurityGroupIds"],
            item["associatePublicIpAddress"],
        )
        for name, item in cloud.inputs("Instance").items()
    } == {
        "node-a-node-1": ("172.20.4.11", "subnet-a", ["sg-1"], True),
        "node-b-node-65": ("172.20.6.11", "subnet-b", ["sg-1"], True),
    }


def test_the_metadata_service_wants_tokens_answers_one_hop_away_and_serves_tags(cloud):
    cloud.build(machines)

    assert [item["metadataOptions"] for item in cloud.inputs("Instance").values()] == [
        {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "enabled",
        }
    ] * 2


def test_disks_are_encrypted_and_tagged(cloud):
    cloud.build(machines)

    assert {name: item["rootBlockDevice"] for name, item in cloud.inputs("Instance").items()} == {
        f"node-{node}": {
            "volumeType": "gp3",
            "encrypted": True,
            "tags": {**TAGS, "Name": f"test-{node[2:]}"},
        }
        for node in ("a-node-1", "b-node-65")
    }


def test_an_instance_is_tagged_with_the_node_it_is_and_what_it_was_made_with(cloud):
    cloud.build(machines)

    assert {name: item["tags"] for name, item in cloud.inputs("Instance").items()} == {
        f"node-{zone}-{node}": {
            "Name": f"test-{node}",
            "podnet:stack": "test",
            "podnet:node": node,
            "podnet:network": "these numbers",
            "podnet:version": "abc123",
        }
        for zone, node in (("a", "node-1"), ("b", "node-65"))
    }


def test_an_instance_goes_before_its_successor_comes_since_the_address_is_fixed(cloud):
    cloud.build(machines)

    assert [item.delete_before_replace for item in cloud.of("Instance")] == [True, True]


def test_an_instance_boots_the_image_and_the_files_of_the_build(cloud):
    cloud.build(machines)

    assert {
        (item["ami"], item["userDataBase64"]) for item in cloud.inputs("Instance").values()
    } == {("ami-1", "H4sIAAAA")}


def test_a_node_for_other_numbers_or_made_otherwise_is_another_instance(cloud):
    cloud.build(machines)

    assert {item.replace_on_changes for item in cloud.of("Instance")} == {
        ('tags["podnet:network"]', "instanceType")
    }
    assert {item["userDataReplaceOnChange"] for item in cloud.inputs("Instance").values()} == {True}


def test_a_node_that_is_kept_stays_with_what_it_was_made_with(cloud):
    cloud.build(lambda: machines(reused={"node-65"}))

    assert {item.name: item.ignore_changes for item in cloud.of("Instance")} == {
        "node-a-node-1": ('tags["podnet:routing"]', 'tags["podnet:files"]'),
        "node-b-node-65": (
            'tags["podnet:routing"]',
            'tags["podnet:files"]',
            'tags["podnet:version"]',
            "ami",
            "instanceType",
            "keyName",
            "userDataBase64",
            "associatePublicIpAddress",
            "rootBlockDevice.volumeSize",
            "rootBlockDevice.volumeType",
            "rootBlockDevice.kmsKeyId",
        ),
    }


def test_instances_wear_the_profile_of_the_role(cloud):
    cloud.build(machines)

    assert cloud.inputs("InstanceProfile")["node"]["role"] == cloud.names["Role", "node"]
    assert {item["iamInstanceProfile"] for item in cloud.inputs("Instance").values()} == {
        cloud.names["InstanceProfile", "node"]
    }


def test_a_node_boots_only_when_all_it_needs_is_there(cloud):
    def program() -> None:
        args = NetworkArgs(
            vpcs=(),
            vpc_cidr=SETTINGS.vpc_cidr,
            zones=planned_zones(SETTINGS),
            instance_type="t3.small",
            tags=TAGS,
            nodes=planned_nodes(SETTINGS),
        )
        machines(depends_on={"net": Network("net", args)})

    cloud.build(program)
    before = {item.urn for item in cloud.resources if item.custom and "Network$" in item.urn}

    assert before
    assert [before - item.depends_on for item in cloud.of("Instance")] == [set(), set()]
