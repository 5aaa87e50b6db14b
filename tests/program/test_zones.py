"""In which zones the subnets lie."""

from __future__ import annotations

import pulumi
import pytest


def test_a_region_with_too_few_zones_is_named_with_the_setting(cloud):
    cloud.answers[cloud.ZONES] = {"names": ["eu-central-1a", "eu-central-1b"]}

    with pytest.raises(
        pulumi.RunError,
        match=r"podnet:zones asks for at least 3 zones, but this "
        r"region offers t3.small in 2 \(eu-central-1a, eu-central-1b\)",
    ):
        cloud.deploy(zones="3")


def test_only_zones_that_every_account_has_are_asked_for(cloud):
    cloud.deploy()

    assert [args for token, args in cloud.calls if token == cloud.ZONES] == [
        {"state": "available", "filters": [{"name": "zone-type", "values": ["availability-zone"]}]}
    ]


def zones_of(cloud):
    return {name: item["availabilityZone"] for name, item in cloud.inputs("Subnet").items()}


@pytest.mark.parametrize("kind", ["t3.small", "m7g.large"])
def test_a_subnet_lies_where_the_instance_type_is_offered(cloud, kind):
    def offered(args):
        assert args == {
            "locationType": "availability-zone",
            "filters": [{"name": "instance-type", "values": [kind]}],
        }
        return {"locations": ["eu-central-1c", "eu-central-1b"]}

    cloud.answers[cloud.OFFERINGS] = offered
    cloud.deploy(zones="2", instanceType=kind)

    assert zones_of(cloud) == {"network-a": "eu-central-1b", "network-b": "eu-central-1c"}
    assert not [text for loud, text in cloud.said if loud == "warning"]


@pytest.mark.parametrize("offered", [[], ["eu-central-1-x-1a"], ["us-east-1a"]])
def test_a_type_that_no_zone_offers_is_named(cloud, offered):
    cloud.answers[cloud.OFFERINGS] = {"locations": offered}

    with pytest.raises(pulumi.RunError, match=r"offers m7i.large in 0 \(none\)"):
        cloud.deploy(instanceType="m7i.large")


@pytest.fixture
def kept_subnet(cloud, monkeypatch):
    """Subnets are in zone eu-central-1a, whatever the program asks for."""
    make = cloud.new_resource

    def kept(args):
        id_, outputs = make(args)
        if args.typ == "aws:ec2/subnet:Subnet":
            outputs["availabilityZone"] = "eu-central-1a"
        return id_, outputs

    monkeypatch.setattr(cloud, "new_resource", kept)


@pytest.mark.usefixtures("kept_subnet")
def test_a_zone_of_the_stack_that_does_not_offer_a_new_type_is_named(cloud):
    """Its subnet stays where it is, and the nodes in it."""
    cloud.answers[cloud.OFFERINGS] = {"locations": ["eu-central-1b", "eu-central-1c"]}
    cloud.deploy(instanceType="m7i.large", routing="host-gw")
    (warning,) = [text for loud, text in cloud.said if loud == "warning"]

    assert warning.startswith("zone a of this stack is eu-central-1a, which does not offer")
    assert "eu-central-1b, eu-central-1c" in warning


NAMED = '["eu-central-1c", "eu-central-1a"]'


def test_named_zones_are_taken_in_their_order(cloud):
    cloud.deploy(zones="2", zoneNames=NAMED)

    assert zones_of(cloud) == {"network-a": "eu-central-1c", "network-b": "eu-central-1a"}
    assert not [text for loud, text in cloud.said if loud == "warning"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("eu-central-1d", "which this region or account does not have; choose among eu-central-1a"),
        ("eu-central-1b", "which does not offer podnet:instanceType t3.small; choose among eu-cen"),
        # Offered there by AWS, and no availability zone.
        ("eu-central-1-x-1a", "which this region or account does not have"),
    ],
)
def test_a_named_zone_that_no_node_can_be_in_is_refused(cloud, name, message):
    cloud.answers[cloud.OFFERINGS] = {
        "locations": ["eu-central-1a", "eu-central-1c", "eu-central-1-x-1a"]
    }

    with pytest.raises(pulumi.RunError, match=f"podnet:zoneNames names {name}, {message}"):
        cloud.deploy(zoneNames=f'["{name}"]', dry_run=True)


@pytest.mark.usefixtures("kept_subnet")
def test_a_subnet_stays_in_its_zone_whatever_the_names_say(cloud):
    cloud.deploy(zoneNames='["eu-central-1b"]', routing="host-gw")
    (warning,) = [text for loud, text in cloud.said if loud == "warning"]

    assert warning.startswith("zone a of this stack is eu-central-1a, and stays it")
    assert [set(item.ignore_changes) for item in cloud.of("Subnet")] == [{"availabilityZone"}]
