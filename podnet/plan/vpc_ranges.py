"""Which IPv4 ranges AWS associates with one VPC."""

from __future__ import annotations

from ipaddress import IPv4Network

MOST_RANGES = 5
"""Ranges of a VPC, the primary one included (VPC User Guide, "Amazon VPC quotas", "IPv4 CIDR blocks
per VPC"; AWS grants more on request)."""
TEN, MIDDLE = IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")
RFC_1918 = (TEN, MIDDLE, IPv4Network("192.168.0.0/16"))
BENCHMARKING = IPv4Network("198.19.0.0/16")
ALONE = (*RFC_1918, BENCHMARKING)
"""Of these a VPC has ranges of one alone."""
RESERVED = (
    # Where the VPC has a range of the first, none of the second can be added.
    (MIDDLE, IPv4Network("172.31.0.0/16")),
    (IPv4Network("10.0.0.0/15"), IPv4Network("10.0.0.0/16")),
)


def restriction(existing: IPv4Network, added: IPv4Network) -> str:
    """Why AWS does not add a range to a VPC that has another; empty where it does.

    VPC User Guide, "VPC CIDR blocks", "IPv4 CIDR block association restrictions".
    """
    for first, second in RESERVED:
        if existing.subnet_of(first) and added.subnet_of(second):
            return f"AWS adds no range of {second} to a VPC with one of {first}"
    # Public ranges go with private ones, but only as the ranges that are added.
    place = next((one for one in ALONE if added.subnet_of(one)), None)
    if place is None or existing.subnet_of(place):
        return ""
    return f"AWS adds no range of {place} to a VPC with one from elsewhere"
