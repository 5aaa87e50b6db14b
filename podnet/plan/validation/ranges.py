"""The rules about address ranges, zones, and how many nodes they have room for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from podnet.plan.problem import Problem
from podnet.plan.routing import MOST_ZONES
from podnet.plan.settings import Settings
from podnet.plan.validation import unmasqueraded, zones

# VPC and subnet sizes: Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
LARGEST_VPC = 16
SMALLEST_SUBNET = 28
SMALLEST_BLOCK = 29
MOST_ADDRESSES = 1024
"""Addresses of all node ranges: each node has entries for every one of them."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about ranges, zones and the number of nodes that these settings break."""
    yield from _range_problems(settings)
    sizes = [*_size_problems(settings)]
    yield from sizes
    yield from zones.least_problems(settings)
    if not sizes:
        # All else is computed with these sizes.
        yield from _capacity_problems(settings)
        yield from zones.problems(settings)
    yield from zones.name_problems(settings)
    yield from unmasqueraded.problems(settings)


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
        if bad := [str(other) for other in unmasqueraded.UNUSABLE if one.overlaps(other)]:
            yield Problem(
                rule="range-unusable",
                text=f"{name} {one} overlaps {', '.join(bad)}, which no network of hosts can use; "
                "choose a private range, as in 10.0.0.0/8",
                about=(name,),
            )


def _size_problems(settings: Settings) -> Iterator[Problem]:
    vpc, subnet, nodes = settings.vpc_cidr, settings.subnet_prefix, settings.node_range_prefix
    if not 1 <= settings.zones <= MOST_ZONES:
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
    elif subnet and not vpc.prefixlen <= subnet <= SMALLEST_SUBNET:
        yield Problem(
            rule="subnet-prefix-range",
            text=f"subnetPrefix {subnet} must lie between the /{vpc.prefixlen} of vpcCidr {vpc} "
            f"and /{SMALLEST_SUBNET}, the smallest subnet that AWS takes",
            about=("subnetPrefix", "vpcCidr"),
        )
    elif not settings.addresses.subnet_prefix <= nodes <= SMALLEST_SUBNET:
        subnets = settings.addresses.subnet_prefix
        yield Problem(
            rule="node-range-prefix-range",
            text=f"nodeRangePrefix {nodes} must lie between the /{subnets} of a zone's subnet, "
            f"which holds the node range, and /{SMALLEST_SUBNET}; set it, or use a larger subnet",
            about=("nodeRangePrefix", "subnetPrefix", "vpcCidr"),
        )
    pods, prefix = settings.pod_cidr, settings.pod_block_prefix
    if not pods.prefixlen <= prefix <= SMALLEST_BLOCK:
        yield Problem(
            rule="block-prefix-range",
            text=f"podBlockPrefix {prefix} must lie between the /{pods.prefixlen} of podCidr "
            f"{pods} and /{SMALLEST_BLOCK}",
            about=("podBlockPrefix", "podCidr"),
        )


def _capacity_problems(settings: Settings) -> Iterator[Problem]:
    """Whether the pod range has a block for each address, and the node ranges one for each node."""
    plan, pods = settings.addresses, settings.pod_cidr
    blocks, addresses = 1 << (plan.block_prefix - pods.prefixlen), settings.zones * plan.size
    ranges = (
        f"the node range of {plan.size} addresses"
        if settings.zones == 1
        else f"{settings.zones} zones with node ranges of {plan.size} addresses"
    )
    if addresses > blocks:
        yield Problem(
            rule="pod-cidr-too-small",
            text=f"podCidr {pods} holds {blocks} /{plan.block_prefix} blocks, but {ranges} need "
            f"{addresses}, one for each address: use a larger pod range, a longer podBlockPrefix, "
            "a longer nodeRangePrefix or fewer zones",
            about=("podCidr", "podBlockPrefix", "nodeRangePrefix", "zones"),
        )
    if addresses > MOST_ADDRESSES:
        yield Problem(
            rule="node-ranges-too-large",
            text=f"nodeRangePrefix {plan.range_prefix} makes {addresses} addresses in "
            f"{ranges}, more than the {MOST_ADDRESSES} for which a node keeps entries; use a "
            "longer nodeRangePrefix or fewer zones",
            about=("nodeRangePrefix", "zones"),
        )
