"""The rules that the settings of a routing mode must keep."""

from __future__ import annotations

from collections.abc import Iterator

from plan.routing import LARGEST_PORT, LARGEST_VNI, MOST_NODES, RoutingMode, Uplink
from plan.rules.problem import Problem, problem
from plan.values import Fabric, Values

MOST_FLAT_NODES = 32
"""In mode l2 each broadcast is sent once for every possible peer."""
TAKEN = {22: "SSH", 53: "DNS", 67: "DHCP", 68: "DHCP", 123: "NTP"}
"""Ports on which a node talks of other things."""


def problems(values: Values) -> Iterator[Problem]:
    """Every rule about routing that these settings break."""
    yield from _peer_problems(values)
    yield from _overlay_problems(values)
    yield from _zone_problems(values)
    yield from _uplink_problems(values)
    yield from _roll_problems(values)


def _peer_problems(values: Values) -> Iterator[Problem]:
    most, count = values.max_nodes, values.node_count
    if not 1 <= most <= MOST_NODES:
        yield problem(f"maxNodes must be 1 to {MOST_NODES}, got {most}", "maxNodes")
        return
    if values.routing is RoutingMode.L2 and most > MOST_FLAT_NODES:
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
            if values.routing is RoutingMode.L2 and most >= MOST_FLAT_NODES
            else "a larger maxNodes"
        )
        yield problem(
            f"nodeCount {count} is more than maxNodes {most}, and nodes know no peer beyond that; "
            f"use fewer nodes or {more}",
            "nodeCount",
            "maxNodes",
        )


def _overlay_problems(values: Values) -> Iterator[Problem]:
    if not 1 <= values.vni <= LARGEST_VNI:
        yield problem(
            f"vni must be 1 to {LARGEST_VNI}, got {values.vni} (l2 uses the next one too)",
            "vni",
        )
    port = values.vxlan_port
    if not 1 <= port <= LARGEST_PORT:
        yield problem(f"vxlanPort must be 1 to {LARGEST_PORT}, got {port}", "vxlanPort")
    if port in TAKEN:
        yield problem(
            f"vxlanPort {port} is the port of {TAKEN[port]}; use 8472, Linux's own for VXLAN, "
            "4789 or another free port",
            "vxlanPort",
        )


def _zone_problems(values: Values) -> Iterator[Problem]:
    mode, zones = values.routing, values.zones
    if mode is RoutingMode.HOST_GW and zones > 1:
        yield problem(
            f"routing host-gw takes 1 zone, got zones {zones}: a frame for a node in another "
            "subnet goes to the VPC router, which knows no pod route; use vpc-routes, overlay "
            "(with crossZoneOnly it forwards as host-gw inside a subnet) or l2, or 1 zone",
            "routing",
            "zones",
        )
    if values.cross_zone_only and mode is not RoutingMode.OVERLAY:
        yield problem(
            f"crossZoneOnly is for routing overlay, got routing {mode}; leave it out, "
            "or use overlay",
            "crossZoneOnly",
            "routing",
        )


def _uplink_problems(values: Values) -> Iterator[Problem]:
    if values.uplink is not Uplink.ETHERNET:
        return
    if values.routing is not RoutingMode.L2:
        yield problem(
            f"uplink ethernet is for routing l2, got routing {values.routing}; leave it out, "
            "or use l2",
            "uplink",
            "routing",
        )
    elif values.fabric is not Fabric.SWITCH:
        yield problem(
            "uplink ethernet cannot work in a VPC, which carries no broadcast and drops frames "
            "of MACs that are not of its own interfaces, so pods could not find each other; use "
            "uplink vxlan (a lab on this machine carries it with `podnet up --fabric switch`)",
            "uplink",
            "fabric",
        )
    elif values.zones > 1:
        yield problem(
            f"uplink ethernet takes 1 zone, got zones {values.zones}: frames do not leave "
            "their subnet; use uplink vxlan, or 1 zone",
            "uplink",
            "zones",
        )


def _roll_problems(values: Values) -> Iterator[Problem]:
    count = values.node_count
    known = {f"node-{number}" for number in range(1, count + 1)}
    if strange := [name for name in values.roll if name not in known]:
        there = "node-1 alone" if count == 1 else f"node-1 to node-{count}"
        yield problem(
            f"roll names {', '.join(strange)}, but the stack has {there}", "roll", "nodeCount"
        )
