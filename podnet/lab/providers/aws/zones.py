"""Look-ups of what follows from the region: its zones, and its partition."""

from __future__ import annotations

from podnet.lab.clients import domain
from podnet.lab.providers.aws.arguments import filters, known
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import Values

PARTITION = "aws:index/getPartition:getPartition"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"


def get_partition(session: Session, args: Values) -> Values:
    """The partition of the region, without a call."""
    known(PARTITION, args, set())
    suffix = domain(session.region)
    return {
        "id": session.partition,
        "partition": session.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


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
