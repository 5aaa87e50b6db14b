"""Look-ups: images, zones, quotas, and what is there of a stack."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from podnet.lab.providers.aws.functions import FUNCTIONS
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION
from tests.unit.lab.providers.aws.test_calls import ARGUMENTS

AMI = "aws:ec2/getAmi:getAmi"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
VPCS = "aws:ec2/getVpcs:getVpcs"
INSTANCES = "aws:ec2/getInstances:getInstances"
TABLES = "aws:ec2/getRouteTables:getRouteTables"
TABLE = "aws:ec2/getRouteTable:getRouteTable"
OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"
UBUNTU = "099720109477"


def test_an_image_that_fits_is_returned(provider):
    result = provider.invoke(
        AMI,
        {
            "owners": [UBUNTU],
            "mostRecent": True,
            "filters": [{"name": "architecture", "values": ["x86_64"]}],
        },
    )

    assert (result["ownerId"], result["architecture"]) == (UBUNTU, "x86_64")
    assert result["id"] == result["imageId"]


def test_the_most_recent_image_is_the_one_made_last(provider, monkeypatch):
    # moto lists all of its images as made now.
    images = [
        {"ImageId": f"ami-{day}", "CreationDate": f"2026-09-{day}T00:00:00.000Z"}
        for day in ("08", "21", "14")
    ]
    monkeypatch.setattr(Session, "all", lambda *_, **__: images)

    assert provider.invoke(AMI, {"mostRecent": True})["id"] == "ami-21"


def test_several_images_are_too_many_unless_the_newest_is_asked_for(provider):
    with refused("aws-image-ambiguous", ProviderError):
        provider.invoke(AMI, {"owners": [UBUNTU]})


def test_a_query_without_an_image_is_refused_with_its_arguments(provider):
    with refused("aws-image-not-found", ProviderError) as caught:
        provider.invoke(
            AMI,
            {
                "owners": ["136693071363"],
                "mostRecent": True,
                "filters": [{"name": "name", "values": ["debian-12-amd64-*"]}],
            },
        )
    assert all(part in str(caught.value) for part in ("136693071363", "debian-12-amd64"))


def test_an_unknown_argument_is_refused(provider):
    with refused("aws-argument-unknown", ProviderError):
        provider.invoke(AMI, {"executableUsers": ["self"]})


def test_zones_are_those_of_the_region_in_order(provider):
    result = provider.invoke(
        ZONES,
        {"state": "available", "filters": [{"name": "zone-type", "values": ["availability-zone"]}]},
    )

    assert result["names"] == [f"{REGION}{letter}" for letter in "abc"]
    assert len(result["zoneIds"]) == len(result["names"])


def test_zones_may_be_left_out_by_name(provider):
    result = provider.invoke(ZONES, {"state": "available", "excludeNames": [f"{REGION}a"]})

    assert result["names"] == [f"{REGION}b", f"{REGION}c"]


def offerings(provider, *types):
    return provider.invoke(
        OFFERINGS,
        {
            "locationType": "availability-zone",
            "filters": [{"name": "instance-type", "values": [*types]}],
        },
    )


def test_zones_that_offer_a_type_are_found(provider):
    result = offerings(provider, "t3.small", "m7g.large")
    pairs = {*zip(result["instanceTypes"], result["locations"], strict=True)}

    assert pairs == {
        (kind, f"{REGION}{zone}") for kind in ("t3.small", "m7g.large") for zone in "abc"
    }
    assert {*result["locationTypes"]} == {"availability-zone"}
    assert provider.invoke(OFFERINGS, {})["locations"][0] == REGION


def test_a_type_that_is_offered_nowhere_has_empty_lists(provider):
    answer = offerings(provider, "t99.small")

    assert (answer["instanceTypes"], answer["locations"], answer["locationTypes"]) == ([], [], [])


def test_vpcs_are_found_by_tags_in_which_a_star_stands_for_anything(provider, stack):
    vpc = stack.make(
        samples.VPC,
        cidrBlock="10.9.0.0/16",
        tags={"podnet:stack": "found", "podnet:routing": "overlay max=1"},
    )

    def found(**tags):
        return provider.invoke(VPCS, {"tags": {f"podnet:{key}": tags[key] for key in tags}})["ids"]

    assert found(stack="found") == [vpc.id]
    assert found(stack="found", routing="overlay *") == [vpc.id]
    assert found(stack="found", routing="overlay") == []
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
        result = provider.invoke(
            INSTANCES,
            {"instanceTags": {**tags, **more}, "instanceStateNames": states, "filters": filters},
        )
        return dict(zip(result["ids"], result["privateIps"], strict=True))

    both = ["running", "stopped"]
    assert found() == {one.id: "192.168.1.41"}
    assert found(both) == {one.id: "192.168.1.41", two.id: "192.168.1.42"}
    assert found(both, **{"podnet:version": "2"}) == {two.id: "192.168.1.42"}
    assert found(both, [{"name": "image-id", "values": [world.image]}]) == found(both)
    assert found(both, [{"name": "image-id", "values": ["ami-0"]}]) == {}
    assert found(both, [{"name": "instance-type", "values": ["t3.small"]}]) == found(both)
    assert found(both, [{"name": "instance-type", "values": ["t3.nano"]}]) == {}


def test_a_route_table_reports_its_routes_but_not_the_one_within_the_vpc(provider, stack, world):
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
        result = provider.invoke(
            RULES,
            {
                "tags": {"podnet:stack": stack},
                "filters": [{"name": "tag:Name", "values": [*titles]}],
            },
        )
        return {key for key, rule in rules.items() if rule.id in result.get("ids", ())}

    assert found("found-in-pods", "found-in-vxlan-*") == {"pods", "vxlan-2", "vxlan-3"}
    assert found("found-in-vxlan-2") == {"vxlan-2"}
    assert found("found-in-*", stack="other") == set()


def test_a_quota_is_that_of_the_account_beside_the_default(provider):
    asked = {"serviceCode": "vpc", "quotaCode": "L-93826ACB"}
    result = provider.invoke(QUOTA, asked)

    # moto knows the quota of accounts that were opened before June 2025.
    assert (result["quotaName"], result["defaultValue"], result["value"]) == (
        "Routes per route table",
        500,
        50,
    )


def test_an_account_without_a_quota_of_its_own_has_the_default(provider, monkeypatch):
    session = provider._session  # noqa: SLF001
    none = ClientError({"Error": {"Code": "NoSuchResourceException"}}, "GetServiceQuota")
    monkeypatch.setattr(session.quotas, "get_service_quota", Mock(side_effect=none))
    result = provider.invoke(QUOTA, {"serviceCode": "vpc", "quotaCode": "L-93826ACB"})

    assert (result["defaultValue"], result["value"]) == (500, 500)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("get_aws_default_service_quota", "AccessDeniedException"),
        ("get_aws_default_service_quota", "NoSuchResourceException"),
        ("get_service_quota", "AccessDeniedException"),
    ],
)
def test_a_quota_that_may_not_be_asked_for_is_an_error(provider, monkeypatch, call, code):
    session = provider._session  # noqa: SLF001
    error = ClientError({"Error": {"Code": code}}, call)
    monkeypatch.setattr(session.quotas, call, Mock(side_effect=error))

    with refused("aws-call-refused", ProviderError) as caught:
        provider.invoke(QUOTA, {"serviceCode": "vpc", "quotaCode": "L-93826ACB"})
    assert code in str(caught.value)


@pytest.mark.parametrize("token", sorted(FUNCTIONS))
def test_no_answer_of_a_look_up_holds_a_null(token, provider):
    try:
        answer = provider.invoke(token, ARGUMENTS.get(token, {}))
    except ProviderError:
        return  # what it names is not there, which is an error of the real one too

    assert [name for name, value in answer.items() if value is None] == []


@pytest.mark.parametrize(
    ("token", "lists"),
    [
        ("aws:ec2/getVpcs:getVpcs", {"ids": []}),
        ("aws:ec2/getRouteTables:getRouteTables", {"ids": []}),
        ("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", {}),
    ],
)
def test_a_look_up_that_finds_nothing(token, lists, provider):
    nothing = [{"name": "tag:Name", "values": ["of nobody"]}]
    answer = provider.invoke(token, {"filters": nothing})

    assert {name: value for name, value in answer.items() if name == "ids"} == lists


def test_a_look_up_of_instances_that_finds_nothing_has_empty_lists(provider):
    answer = provider.invoke("aws:ec2/getInstances:getInstances", {"instanceTags": {"a": "none"}})

    assert (answer["ids"], answer["privateIps"], answer["publicIps"]) == ([], [], [])


def test_a_look_up_of_a_parameter_or_a_table_that_is_not_there_fails(provider):
    with refused("aws-parameter-missing", ProviderError):
        provider.invoke("aws:ssm/getParameter:getParameter", {"name": "/podnet/none"})
    with refused("aws-call-refused", ProviderError):
        provider.invoke("aws:ec2/getRouteTable:getRouteTable", {"routeTableId": "rtb-0"})
