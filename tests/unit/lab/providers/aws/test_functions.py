"""Look-ups of images, zones and types, and what every look-up has in common."""

from __future__ import annotations

import pytest

from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.aws.functions import FUNCTIONS
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import REGION, Stack
from tests.unit.lab.providers.aws.test_calls import ARGUMENTS

AMI = "aws:ec2/getAmi:getAmi"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
TYPE = "aws:ec2/getInstanceType:getInstanceType"
TYPES = "aws:ec2/getInstanceTypes:getInstanceTypes"
OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
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


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("t3.small", (["x86_64"], "nitro", 2, 2048, 3)),
        ("m7g.large", (["arm64"], "nitro", 2, 8192, 3)),
        ("t2.micro", (["i386", "x86_64"], "xen", 1, 1024, 2)),
        ("c5.metal", (["x86_64"], "", 96, 196608, 15)),
    ],
)
def test_a_type_is_as_ec2_describes_it(provider, name, facts):
    found = provider.invoke(TYPE, {"instanceType": name})

    assert facts == (
        found["supportedArchitectures"],
        found["hypervisor"],
        found["defaultVcpus"],
        found["memorySize"],
        found["maximumNetworkInterfaces"],
    )


def test_a_type_that_ec2_does_not_know_is_an_error(provider):
    with refused("aws-instance-type-unknown", ProviderError) as caught:
        provider.invoke(TYPE, {"instanceType": "t99.small"})
    assert "t99.small" in str(caught.value)


def test_types_are_found_by_their_processors(provider):
    def found(size):
        of_size = [{"name": "vcpu-info.default-vcpus", "values": [size]}]
        return provider.invoke(TYPES, {"filters": of_size})["instanceTypes"]

    assert {"t3.small", "m7g.large"} <= {*found("2")}
    assert not {"t3.small", "m7g.large"} & {*found("4")}
    assert found("7") == []


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_region_is_in_its_partition(endpoint, region, partition):
    stack = Stack(AwsProvider(endpoint, region, patience=1))
    answer = stack.provider.invoke("aws:index/getPartition:getPartition", {})
    role = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST)
    own = role["arn"]
    stack.clear()

    assert answer["partition"] == partition
    assert own.startswith(f"arn:{partition}:iam::")


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
        ("aws:ec2/getNetworkInterfaces:getNetworkInterfaces", {"ids": []}),
        ("aws:ec2/getSecurityGroups:getSecurityGroups", {"ids": []}),
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
