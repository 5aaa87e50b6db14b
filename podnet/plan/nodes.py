"""The nodes of a stack: name, zone, address and pod block of each, by rule."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from string import ascii_lowercase

from podnet.plan.kubernetes import CONTROL_PLANE
from podnet.plan.names import node_name
from podnet.plan.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """A subnet and the letter that names it; which AWS zone it lies in is looked up."""

    name: str
    index: int
    subnet: IPv4Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node as planned."""

    name: str
    zone: Zone
    address: IPv4Address
    block: IPv4Network


def planned_zones(settings: Settings) -> tuple[Zone, ...]:
    """The zones of the stack, `a` first."""
    return tuple(
        Zone(name=ascii_lowercase[index], index=index, subnet=subnet)
        for index, subnet in enumerate(settings.addresses.subnets)
    )


def planned_nodes(settings: Settings) -> tuple[Node, ...]:
    """Nodes 1 to `nodeCount`; node *k* depends on *k* alone."""
    plan, zones = settings.addresses, planned_zones(settings)
    return tuple(
        Node(
            name=node_name(number),
            zone=zones[(number - 1) % len(zones)],
            address=(address := plan.node(number)),
            block=plan.block(address),
        )
        for number in range(1, settings.node_count + 1)
    )


def control_plane(nodes: tuple[Node, ...]) -> Node:
    """The node that is the control plane in a cluster."""
    return nodes[CONTROL_PLANE - 1]
