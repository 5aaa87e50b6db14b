"""Look-ups: images, zones, quotas, and what is there of a stack."""

from __future__ import annotations

import pytest

from lab.aws.session import Session
from lab.engine.values import ProviderError
from tests.unit.aws import samples
from tests.unit.aws.conftest import REGION

AMI = "aws:ec2/getAmi:getAmi"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
VPCS = "aws:ec2/getVpcs:getVpcs"
INSTANCES = "aws:ec2/getInstances:getInstances"
TABLES = "aws:ec2/getRouteTables:getRouteTables"
TABLE = "aws:ec2/getRouteTable:getRouteTable"
RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"
UBUNTU = "099720109477"


def test_an_image_that_fits_is_told(provider):
    told = provider.invoke(
        AMI,
        {
            "owners": [UBUNTU],
            "mostRecent": True,
            "filters": [{"name": "architecture", "values": ["x86_64"]}],
        },
    )

    assert (told["ownerId"], told["architecture"]) == (UBUNTU, "x86_64")
    assert told["id"] == told["imageId"]


def test_the_most_recent_image_is_the_one_made_last(provider, monkeypatch):
    # moto lists all of its images as made now.
    images = [
        {"ImageId": f"ami-{day}", "CreationDate": f"2026-09-{day}T00:00:00.000Z"}
        for day in ("08", "21", "14")
    ]
    monkeypatch.setattr(Session, "all", lambda *_, **__: images)

    assert provider.invoke(AMI, {"mostRecent": True})["id"] == "ami-21"


def test_several_images_are_too_many_unless_the_newest_is_asked_for(provider):
    with pytest.raises(ProviderError, match=r"images fit \(owners .*most recent"):
        provider.invoke(AMI, {"owners": [UBUNTU]})


def test_no_image_is_told_with_what_was_asked(provider):
    with pytest.raises(ProviderError, match=r"no image fits .*136693071363.*debian-12-amd64"):
        provider.invoke(
            AMI,
            {
                "owners": ["136693071363"],
                "mostRecent": True,
                "filters": [{"name": "name", "values": ["debian-12-amd64-*"]}],
            },
        )


def test_an_unknown_argument_is_refused(provider):
    with pytest.raises(ProviderError, match="no argument executableUsers"):
        provider.invoke(AMI, {"executableUsers": ["self"]})


def test_zones_are_those_of_the_region_in_order(provider):
    told = provider.invoke(
        ZONES,
        {"state": "available", "filters": [{"name": "zone-type", "values": ["availability-zone"]}]},
    )

    assert told["names"] == [f"{REGION}{letter}" for letter in "abc"]
    assert len(told["zoneIds"]) == len(told["names"])


def test_zones_may_be_left_out_by_name(provider):
    told = provider.invoke(ZONES, {"state": "available", "excludeNames": [f"{REGION}a"]})

    assert told["names"] == [f"{REGION}b", f"{REGION}c"]


def test_vpcs_are_found_by_tags_in_which_a_star_stands_for_anything(provider, stack):
    vpc = stack.make(
        samples.VPC,
        cidrBlock="10.9.0.0/16",
        tags={"podnet:stack": "found", "podnet:settled": "overlay max=1"},
    )

    def found(**tags):
        return provider.invoke(VPCS, {"tags": {f"podnet:{key}": tags[key] for key in tags}})["ids"]

    assert found(stack="found") == [vpc.id]
    assert found(stack="found", settled="overlay *") == [vpc.id]
    assert found(stack="found", settled="overlay") == []
    assert found(stack="other") == []


def test_instances_are_found_by_tags_image_and_state(provider, stack, world, ec2):
    tags = {"podnet:stack": "found"}
    one = stack.make(samples.INSTANCE, **{**samples.instance(world, "192.168.1.41"), "tags": tags})
    two = stack.make(
        samples.INSTANCE,
        **{**samples.instance(world, "192.168.1.42"), "tags": {**tags, "podnet:version": "2"}},
    )
    ec2.stop_instances(InstanceIds=[two.id])

    def found(states=None, filters=None, **more):
        told = provider.invoke(
            INSTANCES,
            {"instanceTags": {**tags, **more}, "instanceStateNames": states, "filters": filters},
        )
        return dict(zip(told["ids"], told["privateIps"], strict=True))

    both = ["running", "stopped"]
    assert found() == {one.id: "192.168.1.41"}
    assert found(both) == {one.id: "192.168.1.41", two.id: "192.168.1.42"}
    assert found(both, **{"podnet:version": "2"}) == {two.id: "192.168.1.42"}
    assert found(both, [{"name": "image-id", "values": [world.image]}]) == found(both)
    assert found(both, [{"name": "image-id", "values": ["ami-0"]}]) == {}
    assert found(both, [{"name": "instance-type", "values": ["t3.small"]}]) == found(both)
    assert found(both, [{"name": "instance-type", "values": ["t3.nano"]}]) == {}


def test_a_route_table_tells_its_routes_but_not_the_one_within_the_vpc(provider, stack, world):
    table = stack.make(samples.TABLE, vpcId=world.vpc.id, tags={"podnet:stack": "found"})
    interface = world.instance["primaryNetworkInterfaceId"]
    stack.make(
        samples.ROUTE,
        routeTableId=table.id,
        destinationCidrBlock="10.1.7.0/24",
        networkInterfaceId=interface,
    )
    found = provider.invoke(TABLES, {"tags": {"podnet:stack": "found"}})["ids"]
    routes = provider.invoke(TABLE, {"routeTableId": table.id})["routes"]

    assert found == [table.id]
    assert [(route["cidrBlock"], route["networkInterfaceId"]) for route in routes] == [
        ("10.1.7.0/24", interface)
    ]


def test_rules_of_security_groups_are_found_by_tags_and_titles(provider, stack, world):
    rules = {
        key: stack.make(
            samples.INGRESS,
            securityGroupId=world.group.id,
            ipProtocol="udp",
            fromPort=port,
            toPort=port,
            cidrIpv4="10.9.0.0/16",
            tags={"podnet:stack": "found", "Name": f"found-in-{key}"},
        )
        for port, key in ((1, "pods"), (2, "vxlan-2"), (3, "vxlan-3"))
    }

    def found(*titles, stack="found"):
        told = provider.invoke(
            RULES,
            {
                "tags": {"podnet:stack": stack},
                "filters": [{"name": "tag:Name", "values": [*titles]}],
            },
        )
        return {key for key, rule in rules.items() if rule.id in told["ids"]}

    assert found("found-in-pods", "found-in-vxlan-*") == {"pods", "vxlan-2", "vxlan-3"}
    assert found("found-in-vxlan-2") == {"vxlan-2"}
    assert found("found-in-*", stack="other") == set()


def test_a_quota_is_told_and_an_unknown_one_is_refused(provider):
    asked = {"serviceCode": "vpc", "quotaCode": "L-93826ACB"}
    told = provider.invoke(QUOTA, asked)

    assert (told["quotaName"], told["value"] > 0) == ("Routes per route table", True)
    with pytest.raises(ProviderError, match="GetServiceQuota was refused: NoSuchResource"):
        provider.invoke(QUOTA, {**asked, "quotaCode": "L-0"})
