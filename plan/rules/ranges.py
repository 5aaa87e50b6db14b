"""The rules about address ranges, zones, and how many nodes they have room for."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from plan.address import FIRST_NODE_OFFSET
from plan.rules.problem import Problem, problem
from plan.values import Values

# VPC and subnet sizes: Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
LARGEST_VPC = 16
SMALLEST_SUBNET = 28
SMALLEST_BLOCK = 29
MOST_ZONES = 3
UNUSABLE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))


def problems(values: Values) -> Iterator[Problem]:
    """Every rule about ranges, zones and the number of nodes that these values break."""
    yield from _range_problems(values)
    yield from _size_problems(values)
    yield from _node_problems(values)


def _range_problems(values: Values) -> Iterator[Problem]:
    ranges = {
        "vpcCidr": values.vpc_cidr,
        "podCidr": values.pod_cidr,
        "serviceCidr": values.service_cidr,
    }
    for (name, one), (other, two) in combinations(ranges.items(), 2):
        if one.overlaps(two):
            yield problem(
                f"{name} {one} overlaps {other} {two}; choose ranges that share no address",
                name,
                other,
            )
    for name, one in ranges.items():
        if bad := [str(other) for other in UNUSABLE if one.overlaps(other)]:
            yield problem(
                f"{name} {one} overlaps {', '.join(bad)}, which no network of hosts can use; "
                "choose a private range, as in 10.0.0.0/8",
                name,
            )


def _size_problems(values: Values) -> Iterator[Problem]:
    vpc, pods, prefix = values.vpc_cidr, values.pod_cidr, values.pod_block_prefix
    if not _has_zones(values):
        yield problem(f"zones must be 1 to {MOST_ZONES}, got {values.zones}", "zones")
    if not LARGEST_VPC <= vpc.prefixlen <= SMALLEST_SUBNET:
        yield problem(
            f"vpcCidr {vpc} is a /{vpc.prefixlen}; AWS takes a VPC from /{LARGEST_VPC} "
            f"to /{SMALLEST_SUBNET}",
            "vpcCidr",
        )
    elif _has_zones(values) and _subnet_prefix(values) > SMALLEST_SUBNET:
        yield problem(
            f"vpcCidr {vpc} cut for {values.zones} zones gives /{_subnet_prefix(values)} subnets; "
            f"AWS takes none smaller than /{SMALLEST_SUBNET}: use a larger VPC or fewer zones",
            "vpcCidr",
            "zones",
        )
    if not pods.prefixlen <= prefix <= SMALLEST_BLOCK:
        yield problem(
            f"podBlockPrefix {prefix} must lie between the /{pods.prefixlen} of podCidr "
            f"{pods} and /{SMALLEST_BLOCK}",
            "podBlockPrefix",
            "podCidr",
        )
    elif (blocks := 1 << (prefix - pods.prefixlen)) < vpc.num_addresses:
        yield problem(
            f"podCidr {pods} holds {blocks} /{prefix} blocks, but the {vpc.num_addresses} "
            f"addresses of vpcCidr {vpc} need one each: use a larger pod range, a longer "
            f"podBlockPrefix or a smaller VPC",
            "podCidr",
            "podBlockPrefix",
            "vpcCidr",
        )


def _node_problems(values: Values) -> Iterator[Problem]:
    if values.node_count < 1:
        yield problem(f"nodeCount must be at least 1, got {values.node_count}", "nodeCount")
    if not _has_zones(values) or _subnet_prefix(values) > SMALLEST_SUBNET:
        return
    capacity = values.addresses.capacity
    if values.node_count <= capacity:
        return
    turn, zone = divmod(capacity, values.zones)
    subnet = values.addresses.subnets[zone]
    reserved = subnet[FIRST_NODE_OFFSET + 1 + turn]
    yield problem(
        f"nodeCount {values.node_count} is more than the {capacity} node addresses of "
        f"vpcCidr {values.vpc_cidr}: node {capacity + 1} would be {reserved}, one of the five "
        f"that AWS reserves in {subnet} (the first four and the last); use at most "
        f"{capacity} nodes or a larger VPC",
        "nodeCount",
        "vpcCidr",
        "zones",
    )


def _has_zones(values: Values) -> bool:
    return 1 <= values.zones <= MOST_ZONES


def _subnet_prefix(values: Values) -> int:
    # Not by `addresses.subnets`, which cannot cut what is too small for it.
    return values.vpc_cidr.prefixlen + (values.zones - 1).bit_length()
