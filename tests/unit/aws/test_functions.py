"""Look-ups: the newest image that fits, and the zones of the region."""

from __future__ import annotations

import pytest

from lab.aws.session import Session
from lab.engine.values import ProviderError
from tests.unit.aws.conftest import REGION

AMI = "aws:ec2/getAmi:getAmi"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
UBUNTU = "099720109477"


def test_an_image_that_fits_is_told(provider):
    told = provider.invoke(AMI, {
        "owners": [UBUNTU], "mostRecent": True,
        "filters": [{"name": "architecture", "values": ["x86_64"]}]})

    assert (told["ownerId"], told["architecture"]) == (UBUNTU, "x86_64")
    assert told["id"] == told["imageId"]


def test_the_most_recent_image_is_the_one_made_last(provider, monkeypatch):
    # moto lists all of its images as made now.
    images = [{"ImageId": f"ami-{day}", "CreationDate": f"2026-09-{day}T00:00:00.000Z"}
              for day in ("08", "21", "14")]
    monkeypatch.setattr(Session, "all", lambda *_, **__: images)

    assert provider.invoke(AMI, {"mostRecent": True})["id"] == "ami-21"


def test_several_images_are_too_many_unless_the_newest_is_asked_for(provider):
    with pytest.raises(ProviderError, match=r"images fit \(owners .*most recent"):
        provider.invoke(AMI, {"owners": [UBUNTU]})


def test_no_image_is_told_with_what_was_asked(provider):
    with pytest.raises(ProviderError, match=r"no image fits .*136693071363.*debian-12-amd64"):
        provider.invoke(AMI, {"owners": ["136693071363"], "mostRecent": True, "filters": [
            {"name": "name", "values": ["debian-12-amd64-*"]}]})


def test_an_unknown_argument_is_refused(provider):
    with pytest.raises(ProviderError, match="no argument executableUsers"):
        provider.invoke(AMI, {"executableUsers": ["self"]})


def test_zones_are_those_of_the_region_in_order(provider):
    told = provider.invoke(ZONES, {"state": "available", "filters": [
        {"name": "zone-type", "values": ["availability-zone"]}]})

    assert told["names"] == [f"{REGION}{letter}" for letter in "abc"]
    assert len(told["zoneIds"]) == len(told["names"])


def test_zones_may_be_left_out_by_name(provider):
    told = provider.invoke(ZONES, {"state": "available", "excludeNames": [f"{REGION}a"]})

    assert told["names"] == [f"{REGION}b", f"{REGION}c"]
