"""The rules about the subnets of further zones, and about the nodes in each zone.

Checked where the sizes of ranges are in order.
"""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.address import FIRST_NODE_OFFSET
from podnet.plan.nodes import planned_zones, secondary_ranges
from podnet.plan.problem import Problem
from podnet.plan.settings import Settings
from podnet.plan.vpc_ranges import restriction


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about zones that these settings break."""
    yield from _subnet_problems(settings)
    yield from _count_problems(settings)


def _subnet_problems(settings: Settings) -> Iterator[Problem]:
    """Whether the subnets beyond the VPC's own range can be."""
    vpc, taken = settings.vpc_cidr, [settings.vpc_cidr]
    others = {"podCidr": settings.pod_cidr, "serviceCidr": settings.service_cidr}
    for zone in secondary_ranges(settings):
        what = f"the subnet {zone.subnet} of zone {zone.name}"
        for name, other in others.items():
            if zone.subnet.overlaps(other):
                yield Problem(
                    rule="zone-overlaps",
                    text=f"zones {settings.zones} with vpcCidr {vpc}: {what} overlaps {name} "
                    f"{other}; choose ranges that share no address, or set subnetPrefix so that "
                    "vpcCidr holds a subnet for each zone",
                    about=("zones", "vpcCidr", "subnetPrefix", name),
                )
        if reason := next((why for one in taken if (why := restriction(one, zone.subnet))), ""):
            yield Problem(
                rule="zone-range-restricted",
                text=f"zones {settings.zones} with vpcCidr {vpc}: {what} must be added to the VPC, "
                f"and {reason}; use a larger vpcCidr, with a subnetPrefix by which it holds a "
                "subnet for each zone",
                about=("zones", "vpcCidr", "subnetPrefix"),
            )
        taken.append(zone.subnet)


def name_problems(settings: Settings) -> Iterator[Problem]:
    """Whether each zone has a name, where zones are named."""
    named = len(settings.zone_names)
    if named not in (0, settings.zones):
        yield Problem(
            rule="zone-names-count",
            text=f"zoneNames has {named}, and zones is {settings.zones}; name one for each zone, "
            f"or set zones to {named}",
            about=("zoneNames", "zones"),
        )


def least_problems(settings: Settings) -> Iterator[Problem]:
    """Whether there is a first node; zones beyond the first may have none."""
    given = settings.node_count
    if isinstance(given, int):
        if given < 1:
            yield Problem(
                rule="node-count-minimum",
                text=f"nodeCount must be at least 1, got {given}",
                about=("nodeCount",),
            )
    elif given and (given[0] < 1 or min(given) < 0):
        yield Problem(
            rule="node-count-minimum-in-zone",
            text=f"nodeCount must be at least 1 in zone a and 0 in others, got {[*given]}",
            about=("nodeCount",),
        )


def _count_problems(settings: Settings) -> Iterator[Problem]:
    counts = settings.counts
    if len(counts) != settings.zones:
        yield Problem(
            rule="node-count-per-zone",
            text=f"nodeCount {[*counts]} has {_numbers(len(counts))} for zones {settings.zones}; "
            "give one for each zone, or a single number for all of them",
            about=("nodeCount", "zones"),
        )
        return
    plan = settings.addresses
    for zone, count in zip(planned_zones(settings), counts, strict=True):
        if count > plan.capacity:
            nodes = plan.node_range(zone.index)
            first, last = (nodes[FIRST_NODE_OFFSET + turn] for turn in (1, plan.capacity))
            yield Problem(
                rule="node-count-above-addresses",
                text=f"nodeCount {count} is more than the {plan.capacity} node addresses of zone "
                f"{zone.name}, {first} to {last} in the node range "
                f"{nodes}; use at most {plan.capacity} nodes in a zone, more zones or a shorter "
                "nodeRangePrefix",
                about=("nodeCount", "nodeRangePrefix", "zones"),
            )
            return


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count} numbers"
