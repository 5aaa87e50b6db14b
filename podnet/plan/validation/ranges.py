"""The rules about address ranges, zones, and how many nodes they have room for."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from podnet.plan.address import FIRST_NODE_OFFSET
from podnet.plan.problem import Problem
from podnet.plan.settings import Settings

# VPC and subnet sizes: Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
LARGEST_VPC = 16
SMALLEST_SUBNET = 28
SMALLEST_BLOCK = 29
MOST_ZONES = 3
UNUSABLE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about ranges, zones and the number of nodes that these settings break."""
    yield from _range_problems(settings)
    yield from _size_problems(settings)
    yield from _node_problems(settings)


def _range_problems(settings: Settings) -> Iterator[Problem]:
    ranges = {
        "vpcCidr": settings.vpc_cidr,
        "podCidr": settings.pod_cidr,
        "serviceCidr": settings.service_cidr,
    }
    for (name, one), (other, two) in combinations(ranges.items(), 2):
        if one.overlaps(two):
            yield Problem(
                rule="ranges-overlap",
                text=f"{name} {one} overlaps {other} {two}; choose ranges that share no address",
                about=(name, other),
            )
    for name, one in ranges.items():
        if bad := [str(other) for other in UNUSABLE if one.overlaps(other)]:
            yield Problem(
                rule="range-unusable",
                text=f"{name} {one} overlaps {', '.join(bad)}, which no network of hosts can use; "
                "choose a private range, as in 10.0.0.0/8",
                about=(name,),
            )


def _size_problems(settings: Settings) -> Iterator[Problem]:
    vpc, pods, prefix = settings.vpc_cidr, settings.pod_cidr, settings.pod_block_prefix
    if not _has_zones(settings):
        yield Problem(
            rule="zones-range",
            text=f"zones must be 1 to {MOST_ZONES}, got {settings.zones}",
            about=("zones",),
        )
    if not LARGEST_VPC <= vpc.prefixlen <= SMALLEST_SUBNET:
        yield Problem(
            rule="vpc-cidr-size",
            text=f"vpcCidr {vpc} is a /{vpc.prefixlen}; AWS takes a VPC from /{LARGEST_VPC} "
            f"to /{SMALLEST_SUBNET}",
            about=("vpcCidr",),
        )
    elif _has_zones(settings) and _subnet_prefix(settings) > SMALLEST_SUBNET:
        yield Problem(
            rule="subnet-too-small",
            text=f"vpcCidr {vpc} cut for {settings.zones} zones gives /{_subnet_prefix(settings)} "
            f"subnets; AWS takes none smaller than /{SMALLEST_SUBNET}: use a larger VPC or fewer "
            "zones",
            about=("vpcCidr", "zones"),
        )
    if not pods.prefixlen <= prefix <= SMALLEST_BLOCK:
        yield Problem(
            rule="block-prefix-range",
            text=f"podBlockPrefix {prefix} must lie between the /{pods.prefixlen} of podCidr "
            f"{pods} and /{SMALLEST_BLOCK}",
            about=("podBlockPrefix", "podCidr"),
        )
    elif (blocks := 1 << (prefix - pods.prefixlen)) < vpc.num_addresses:
        yield Problem(
            rule="pod-cidr-too-small",
            text=f"podCidr {pods} holds {blocks} /{prefix} blocks, but the {vpc.num_addresses} "
            f"addresses of vpcCidr {vpc} need one each: use a larger pod range, a longer "
            f"podBlockPrefix or a smaller VPC",
            about=("podCidr", "podBlockPrefix", "vpcCidr"),
        )


def _node_problems(settings: Settings) -> Iterator[Problem]:
    if settings.node_count < 1:
        yield Problem(
            rule="node-count-minimum",
            text=f"nodeCount must be at least 1, got {settings.node_count}",
            about=("nodeCount",),
        )
    if not _has_zones(settings) or _subnet_prefix(settings) > SMALLEST_SUBNET:
        return
    capacity = settings.addresses.capacity
    if settings.node_count <= capacity:
        return
    turn, zone = divmod(capacity, settings.zones)
    subnet = settings.addresses.subnets[zone]
    reserved = subnet[FIRST_NODE_OFFSET + 1 + turn]
    yield Problem(
        rule="node-count-above-addresses",
        text=f"nodeCount {settings.node_count} is more than the {capacity} node addresses of "
        f"vpcCidr {settings.vpc_cidr}: node {capacity + 1} would be {reserved}, one of the five "
        f"that AWS reserves in {subnet} (the first four and the last); use at most "
        f"{capacity} nodes or a larger VPC",
        about=("nodeCount", "vpcCidr", "zones"),
    )


def _has_zones(settings: Settings) -> bool:
    return 1 <= settings.zones <= MOST_ZONES


def _subnet_prefix(settings: Settings) -> int:
    # Not by `addresses.subnets`, which cannot cut what is too small for it.
    return settings.vpc_cidr.prefixlen + (settings.zones - 1).bit_length()
