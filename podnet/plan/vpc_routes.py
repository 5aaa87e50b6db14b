"""Routes of the VPC: which are unmanaged, and which carry packets that pods send as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

NOTHING = "no target"


@dataclass(frozen=True, kw_only=True, slots=True)
class VpcRoute:
    """One route of a route table."""

    destination: IPv4Network
    target: str
    """Id of an interface, a gateway or a connection."""


DROPPING: Mapping[str, str] = {
    "igw-": "an internet gateway, which carries the addresses of network interfaces alone",
    "cagw-": "a carrier gateway, which carries the addresses of network interfaces alone",
    "nat-": "a NAT gateway, behind whose address everybody is seen",
    "vgw-": "a virtual private gateway, which carries the VPC's own ranges alone",
    "pcx-": "a VPC peering connection, which carries the VPC's own ranges alone",
    NOTHING: "which leads nowhere",
}
"""Targets that carry no packet of a pod, by the beginning of their ids, and why.

Internet gateway: it translates between the private and the public address of an instance (Amazon
VPC User Guide, "Enable internet access for a VPC using an internet gateway"). Peering: no packet
through one VPC to somewhere else, "edge to edge routing" (VPC Peering Guide, "VPC peering basics",
limitations); the answer to a pod would be one, since a VPC knows a pod by a route alone. Virtual
private gateway: its route table takes no route "to any CIDR blocks outside of the ranges in your
VPC" (VPC User Guide, "Gateway route tables"). A transit gateway has interfaces in subnets of the
VPC, whose route tables decide what becomes of a packet (Transit Gateway Guide, "How transit
gateways work"), and takes static routes for any range ("Create a static route").
"""


def dropping(target: str) -> str:
    """Why a target carries no packet from a pod's address; empty where it does."""
    return next((why for start, why in DROPPING.items() if target.startswith(start)), "")


def carriers(cidr: IPv4Network, routes: Iterable[VpcRoute]) -> Iterator[VpcRoute]:
    """The routes of a table by which packets to addresses of a range go."""
    found = [*routes]
    inside = [one for one in found if one.destination.subnet_of(cidr) and one.destination != cidr]
    yield from sorted(inside, key=lambda one: one.destination)
    if [*collapse_addresses(one.destination for one in inside)] == [cidr]:
        return
    around = [one for one in found if cidr.subnet_of(one.destination)]
    # The most specific one is the one that counts (VPC User Guide, "Route priority").
    yield max(
        around,
        key=lambda one: one.destination.prefixlen,
        default=VpcRoute(destination=cidr, target=NOTHING),
    )


def is_unmanaged(
    route: VpcRoute,
    pods: IPv4Network,
    blocks: Mapping[IPv4Network, Collection[str] | None],
) -> bool:
    """Whether a route in the pod range is not one that podnet creates.

    `blocks` holds the pod block of each node, with the ids of the node's network interfaces where
    these are known.
    """
    if not route.destination.subnet_of(pods):
        return False
    if route.destination not in blocks:
        return True
    interfaces = blocks[route.destination]
    return interfaces is not None and route.target not in interfaces
