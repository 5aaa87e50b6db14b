"""Look-ups of zones: those of the region, and those that offer an instance type."""

from __future__ import annotations

from podnet.lab.providers.aws.arguments import filters, known
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import Values

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"


def get_availability_zones(session: Session, args: Values) -> Values:
    """The zones of the region."""
    known(
        ZONES,
        args,
        {"state", "filters", "allAvailabilityZones", "excludeNames", "excludeZoneIds"},
    )
    state = args.get("state")
    wanted = filters(args) + ([{"Name": "state", "Values": [state]}] if state else [])
    zones = session.ec2.describe_availability_zones(
        Filters=wanted, AllAvailabilityZones=args.get("allAvailabilityZones") or False
    )
    kept = sorted(
        (
            zone
            for zone in zones["AvailabilityZones"]
            if zone["ZoneName"] not in (args.get("excludeNames") or ())
            and zone["ZoneId"] not in (args.get("excludeZoneIds") or ())
        ),
        key=lambda zone: str(zone["ZoneName"]),
    )
    return {
        "id": session.region,
        "region": session.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone["ZoneId"] for zone in kept],
        "groupNames": sorted({zone.get("GroupName") or session.region for zone in kept}),
        **{
            name: args.get(name)
            for name in (
                "state",
                "filters",
                "allAvailabilityZones",
                "excludeNames",
                "excludeZoneIds",
            )
        },
    }


def get_instance_type_offerings(session: Session, args: Values) -> Values:
    """Which types are offered where: three lists whose items belong together, in no order."""
    known(OFFERINGS, args, {"filters", "locationType"})
    place = {"LocationType": args["locationType"]} if args.get("locationType") else {}
    found = session.all(
        session.ec2,
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        Filters=filters(args),
        **place,
    )
    return {
        "id": session.region,
        "region": session.region,
        "instanceTypes": [one["InstanceType"] for one in found],
        "locations": [one["Location"] for one in found],
        "locationTypes": [one["LocationType"] for one in found],
        "filters": args.get("filters"),
        "locationType": args.get("locationType"),
    }
