"""The nodes of a stack: name, zone, address and pod block of each, by rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from string import ascii_lowercase

from podnet.plan.kubernetes import CONTROL_PLANE
from podnet.plan.names import node_name, node_number
from podnet.plan.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """A subnet and the letter that names it; which AWS zone it lies in is looked up."""

    name: str
    index: int
    subnet: IPv4Network
    nodes: IPv4Network
    """The node range: its addresses are a node's or nobody's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node as planned."""

    name: str
    zone: Zone
    address: IPv4Address
    block: IPv4Network


def planned_zones(settings: Settings) -> tuple[Zone, ...]:
    """The zones of the stack, `a` first."""
    plan = settings.addresses
    return tuple(
        Zone(
            name=ascii_lowercase[index],
            index=index,
            subnet=plan.subnet(index),
            nodes=plan.node_range(index),
        )
        for index in range(settings.zones)
    )


def secondary_ranges(settings: Settings) -> tuple[Zone, ...]:
    """The zones whose subnets are no part of the VPC's own range, which must be added to it."""
    zones = planned_zones(settings)
    return tuple(zone for zone in zones if not zone.subnet.subnet_of(settings.vpc_cidr))


def planned_nodes(settings: Settings) -> tuple[Node, ...]:
    """The nodes zone by zone; node *k* depends on *k* alone."""
    plan = settings.addresses
    return tuple(
        Node(
            name=node_name(number),
            zone=zone,
            address=(address := plan.node(number)),
            block=plan.block(address),
        )
        for zone, count in zip(planned_zones(settings), settings.counts, strict=True)
        for number in range(zone.index * plan.size + 1, zone.index * plan.size + count + 1)
    )


def listed(nodes: Iterable[Node]) -> str:
    """The numbers of nodes in one line, as in `1-3 33-34`; a run is one range.

    A zone is one run whatever its count, so that the 256 characters of a tag (EC2 User Guide, "Tag
    restrictions") hold it: no region has more than a few zones.
    """
    numbers = sorted(number for node in nodes if (number := node_number(node.name)))
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return " ".join("-".join(map(str, run)) for run in runs)


def by_number(name: str) -> tuple[int, str]:
    """A key that sorts names of nodes by their numbers, and other names by length."""
    return len(name), name


def names_of(text: str) -> tuple[str, ...]:
    """The names of the nodes in such a line; raises `ValueError` for any other text."""
    names: dict[str, None] = {}
    for run in text.split():
        found = re.fullmatch(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?", run)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise ValueError(f"{text!r} is not written like '1-3 33-34'")
        numbers = range(int(found[1]), int(found[2] or found[1]) + 1)
        names |= dict.fromkeys(map(node_name, numbers))
    if not names:
        raise ValueError(f"{text!r} names no node")
    return tuple(names)


def control_plane(nodes: tuple[Node, ...]) -> Node:
    """The node that is the control plane in a cluster."""
    return nodes[CONTROL_PLANE - 1]
