"""Functions of the AWS provider that a program may call."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.aws.session import Session
from lab.engine.values import ProviderError, Values

IMAGE = {
    "architecture": "Architecture", "creationDate": "CreationDate", "description": "Description",
    "hypervisor": "Hypervisor", "imageLocation": "ImageLocation", "imageType": "ImageType",
    "name": "Name", "ownerId": "OwnerId", "rootDeviceName": "RootDeviceName",
    "rootDeviceType": "RootDeviceType", "state": "State",
    "virtualizationType": "VirtualizationType"}
"""What is told of an image, as the provider and as the API call it."""


def get_ami(session: Session, args: Values) -> Values:
    """The one image that fits, or the newest of them where that is asked for."""
    _known("aws:ec2/getAmi:getAmi", args,
           {"owners", "mostRecent", "filters", "nameRegex", "includeDeprecated"})
    request = {"Owners": args["owners"]} if args.get("owners") else {}
    images = session.all(session.ec2, "describe_images", "Images",
                         Filters=_filters(args), **request)
    if pattern := args.get("nameRegex"):
        images = [image for image in images if re.search(pattern, image.get("Name", ""))]
    asked = f"owners {args.get('owners') or 'any'}, " + ", ".join(
        f"{one['name']} {' or '.join(one['values'])}" for one in args.get("filters") or [])
    if not images:
        raise ProviderError(f"no image fits ({asked}); change the query, or set podnet:imageId")
    if len(images) > 1 and not args.get("mostRecent"):
        raise ProviderError(f"{len(images)} images fit ({asked}); ask for the most recent one")
    newest = max(images, key=lambda image: str(image.get("CreationDate", "")))
    return {
        **{name: newest.get(key, "") for name, key in IMAGE.items()},
        "id": newest["ImageId"], "imageId": newest["ImageId"],
        "public": newest.get("Public", False),
        "arn": f"arn:aws:ec2:{session.region}::image/{newest['ImageId']}",
        "tags": session.read_tags(newest.get("Tags", [])), "region": session.region,
        "includeDeprecated": args.get("includeDeprecated", False),
        **{name: args.get(name) for name in ("owners", "mostRecent", "filters", "nameRegex")}}


def get_availability_zones(session: Session, args: Values) -> Values:
    """The zones of the region."""
    _known("aws:index/getAvailabilityZones:getAvailabilityZones", args,
           {"state", "filters", "allAvailabilityZones", "excludeNames", "excludeZoneIds"})
    state = args.get("state")
    filters = _filters(args) + ([{"Name": "state", "Values": [state]}] if state else [])
    zones = session.ec2.describe_availability_zones(
        Filters=filters, AllAvailabilityZones=args.get("allAvailabilityZones") or False)
    kept = sorted((zone for zone in zones["AvailabilityZones"]
                   if zone["ZoneName"] not in (args.get("excludeNames") or ())
                   and zone["ZoneId"] not in (args.get("excludeZoneIds") or ())),
                  key=lambda zone: str(zone["ZoneName"]))
    return {
        "id": session.region, "region": session.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone["ZoneId"] for zone in kept],
        "groupNames": sorted({zone.get("GroupName") or session.region for zone in kept}),
        **{name: args.get(name) for name in (
            "state", "filters", "allAvailabilityZones", "excludeNames", "excludeZoneIds")}}


FUNCTIONS: dict[str, Callable[[Session, Values], Values]] = {
    "aws:ec2/getAmi:getAmi": get_ami,
    "aws:index/getAvailabilityZones:getAvailabilityZones": get_availability_zones,
}


def _known(token: str, args: Values, served: set[str]) -> None:
    for name in {name for name, value in args.items() if value is not None} - served - {"region"}:
        raise ProviderError(f"{token} has no argument {name} in the lab; "
                            f"served: {', '.join(sorted(served))}")


def _filters(args: Values) -> list[Values]:
    return [{"Name": one["name"], "Values": one["values"]} for one in args.get("filters") or []]
