"""The rules that the settings of a routing mode must keep."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from plan.routing import LARGEST_PORT, LARGEST_VNI, MOST_NODES, RoutingMode, Uplink

if TYPE_CHECKING:
    from plan.settings import Settings

MOST_FLAT_NODES = 32
"""In mode l2 each broadcast is sent once for every possible peer."""
TAKEN = {22: "SSH", 53: "DNS", 67: "DHCP", 68: "DHCP", 123: "NTP"}
"""Ports on which a node talks of other things."""

Problem = tuple[str, tuple[str, ...]]
"""How a rule is broken, and the settings it is about."""


class Fabric(StrEnum):
    """What the nodes' subnets are."""

    VPC = "vpc"
    SWITCH = "switch"
    """Plain learning switches; only a lab has them."""


def problem(text: str, *about: str) -> Problem:
    """How a rule about these settings is broken."""
    return text, about


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about routing that these settings break."""
    yield from _peer_problems(settings)
    yield from _overlay_problems(settings)
    yield from _zone_problems(settings)
    yield from _uplink_problems(settings)
    yield from _roll_problems(settings)


def _peer_problems(settings: Settings) -> Iterator[Problem]:
    most, count = settings.max_nodes, settings.node_count
    if not 1 <= most <= MOST_NODES:
        yield problem(f"maxNodes must be 1 to {MOST_NODES}, got {most}", "maxNodes")
        return
    if settings.routing is RoutingMode.L2 and most > MOST_FLAT_NODES:
        yield problem(
            f"maxNodes {most} is more than the {MOST_FLAT_NODES} that routing l2 takes, since each "
            "broadcast of a pod is copied to every possible node; set maxNodes to "
            f"{MOST_FLAT_NODES} or less, or use another mode",
            "maxNodes",
            "routing",
        )
    if count > most:
        more = (
            "another mode"
            if settings.routing is RoutingMode.L2 and most >= MOST_FLAT_NODES
            else "a larger maxNodes"
        )
        yield problem(
            f"nodeCount {count} is more than maxNodes {most}, and nodes know no peer beyond that; "
            f"use fewer nodes or {more}",
            "nodeCount",
            "maxNodes",
        )


def _overlay_problems(settings: Settings) -> Iterator[Problem]:
    if not 1 <= settings.vni <= LARGEST_VNI:
        yield problem(
            f"vni must be 1 to {LARGEST_VNI}, got {settings.vni} (l2 uses the next one too)",
            "vni",
        )
    port = settings.vxlan_port
    if not 1 <= port <= LARGEST_PORT:
        yield problem(f"vxlanPort must be 1 to {LARGEST_PORT}, got {port}", "vxlanPort")
    if port in TAKEN:
        yield problem(
            f"vxlanPort {port} is the port of {TAKEN[port]}; use 8472, Linux's own for VXLAN, "
            "4789 or another free port",
            "vxlanPort",
        )


def _zone_problems(settings: Settings) -> Iterator[Problem]:
    mode, zones = settings.routing, settings.zones
    if mode is RoutingMode.HOST_GW and zones > 1:
        yield problem(
            f"routing host-gw takes 1 zone, got zones {zones}: a frame for a node in another "
            "subnet goes to the VPC router, which knows no pod route; use vpc-routes, overlay "
            "(with crossZoneOnly it forwards as host-gw inside a subnet) or l2, or 1 zone",
            "routing",
            "zones",
        )
    if settings.cross_zone_only and mode is not RoutingMode.OVERLAY:
        yield problem(
            f"crossZoneOnly is for routing overlay, got routing {mode}; leave it out, "
            "or use overlay",
            "crossZoneOnly",
            "routing",
        )


def _uplink_problems(settings: Settings) -> Iterator[Problem]:
    if settings.uplink is not Uplink.ETHERNET:
        return
    if settings.routing is not RoutingMode.L2:
        yield problem(
            f"uplink ethernet is for routing l2, got routing {settings.routing}; leave it out, "
            "or use l2",
            "uplink",
            "routing",
        )
    elif settings.fabric is not Fabric.SWITCH:
        yield problem(
            "uplink ethernet cannot work in a VPC, which carries no broadcast and drops frames "
            "of MACs that are not of its own interfaces, so pods could not find each other; use "
            "uplink vxlan (a lab on this machine carries it with `podnet up --fabric switch`)",
            "uplink",
            "fabric",
        )
    elif settings.zones > 1:
        yield problem(
            f"uplink ethernet takes 1 zone, got zones {settings.zones}: frames do not leave "
            "their subnet; use uplink vxlan, or 1 zone",
            "uplink",
            "zones",
        )


def _roll_problems(settings: Settings) -> Iterator[Problem]:
    count = settings.node_count
    known = {f"node-{number}" for number in range(1, count + 1)}
    if strange := [name for name in settings.roll if name not in known]:
        there = "node-1 alone" if count == 1 else f"node-1 to node-{count}"
        yield problem(
            f"roll names {', '.join(strange)}, but the stack has {there}", "roll", "nodeCount"
        )
