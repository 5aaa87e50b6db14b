"""The nodes of a stack: name, zone, address and pod block of each, by rule."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from string import ascii_lowercase

from plan.kubernetes import CONTROL_PLANE
from plan.settings import Settings


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


def zones(settings: Settings) -> tuple[Zone, ...]:
    """The zones of the stack, `a` first."""
    return tuple(
        Zone(name=ascii_lowercase[index], index=index, subnet=subnet)
        for index, subnet in enumerate(settings.addresses.subnets)
    )


def nodes(settings: Settings) -> tuple[Node, ...]:
    """Nodes 1 to `nodeCount`; node *k* depends on *k* alone."""
    plan, places = settings.addresses, zones(settings)
    return tuple(
        Node(
            name=f"node-{number}",
            zone=places[(number - 1) % len(places)],
            address=(address := plan.node(number)),
            block=plan.block(address),
        )
        for number in range(1, settings.node_count + 1)
    )


def control_plane(planned: tuple[Node, ...]) -> Node:
    """The node that is the control plane where the nodes are a cluster; by rule, not by chance."""
    return planned[CONTROL_PLANE - 1]
