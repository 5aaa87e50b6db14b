"""The rules that the settings of a routing mode must keep."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.names import node_name
from podnet.plan.problem import Problem
from podnet.plan.routing import (
    LARGEST_PORT,
    LARGEST_VNI,
    LEAST_NODES,
    MOST_NODES,
    RoutingMode,
    Uplink,
)
from podnet.plan.settings import Fabric, Settings

MAX_L2_NODES = 32
"""In mode l2 each broadcast is sent once for every possible peer."""
LEAST_WAIT = 5
"""Two polls of the nodes' agent, and a second for the tag to reach the metadata service."""
MOST_WAIT = 600
RESERVED_PORTS = {22: "SSH", 53: "DNS", 67: "DHCP", 68: "DHCP", 123: "NTP"}
"""Ports on which a node talks of other things."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about routing that these settings break."""
    yield from _peer_problems(settings)
    yield from _overlay_problems(settings)
    yield from _zone_problems(settings)
    yield from _uplink_problems(settings)
    yield from _roll_problems(settings)
    if not LEAST_WAIT <= settings.switch_wait_seconds <= MOST_WAIT:
        yield Problem(
            rule="switch-wait-range",
            text=f"switchWaitSeconds must be {LEAST_WAIT} to {MOST_WAIT}, got "
            f"{settings.switch_wait_seconds}: nodes read their tag every two seconds",
            about=("switchWaitSeconds",),
        )


def _peer_problems(settings: Settings) -> Iterator[Problem]:
    most, count = settings.max_nodes, settings.node_count
    if not LEAST_NODES <= most <= MOST_NODES:
        yield Problem(
            rule="max-nodes-range",
            text=f"maxNodes must be {LEAST_NODES} to {MOST_NODES}, got {most}",
            about=("maxNodes",),
        )
        return
    if settings.routing is RoutingMode.L2 and most > MAX_L2_NODES:
        yield Problem(
            rule="max-nodes-l2",
            text=f"maxNodes {most} is more than the {MAX_L2_NODES} that routing l2 takes, since "
            "each broadcast of a pod is copied to every possible node; set maxNodes to "
            f"{MAX_L2_NODES} or less, or use another mode",
            about=("maxNodes", "routing"),
        )
    if count > most:
        more = (
            "another mode"
            if settings.routing is RoutingMode.L2 and most >= MAX_L2_NODES
            else "a larger maxNodes"
        )
        yield Problem(
            rule="node-count-above-max-nodes",
            text=f"nodeCount {count} is more than maxNodes {most}, and nodes know no peer beyond "
            f"that; use fewer nodes or {more}",
            about=("nodeCount", "maxNodes"),
        )


def _overlay_problems(settings: Settings) -> Iterator[Problem]:
    if not 1 <= settings.vni <= LARGEST_VNI:
        yield Problem(
            rule="vni-range",
            text=f"vni must be 1 to {LARGEST_VNI}, got {settings.vni} (l2 uses the next one too)",
            about=("vni",),
        )
    port = settings.vxlan_port
    if not 1 <= port <= LARGEST_PORT:
        yield Problem(
            rule="vxlan-port-range",
            text=f"vxlanPort must be 1 to {LARGEST_PORT}, got {port}",
            about=("vxlanPort",),
        )
    if port in RESERVED_PORTS:
        yield Problem(
            rule="vxlan-port-reserved",
            text=f"vxlanPort {port} is the port of {RESERVED_PORTS[port]}; use 8472, Linux's own "
            "for VXLAN, 4789 or another free port",
            about=("vxlanPort",),
        )


def _zone_problems(settings: Settings) -> Iterator[Problem]:
    mode, zones = settings.routing, settings.zones
    if mode is RoutingMode.HOST_GW and zones > 1:
        yield Problem(
            rule="host-gw-one-zone",
            text=f"routing host-gw takes 1 zone, got zones {zones}: a frame for a node in another "
            "subnet goes to the VPC router, which knows no pod route; use vpc-routes, overlay "
            "(with crossZoneOnly it forwards as host-gw inside a subnet) or l2, or 1 zone",
            about=("routing", "zones"),
        )
    if settings.cross_zone_only and mode is not RoutingMode.OVERLAY:
        yield Problem(
            rule="cross-zone-only-needs-overlay",
            text=f"crossZoneOnly is for routing overlay, got routing {mode}; leave it out, "
            "or use overlay",
            about=("crossZoneOnly", "routing"),
        )


def _uplink_problems(settings: Settings) -> Iterator[Problem]:
    if settings.uplink is not Uplink.ETHERNET:
        return
    if settings.routing is not RoutingMode.L2:
        yield Problem(
            rule="ethernet-needs-l2",
            text=f"uplink ethernet is for routing l2, got routing {settings.routing}; leave it "
            "out, or use l2",
            about=("uplink", "routing"),
        )
    elif settings.fabric is not Fabric.SWITCH:
        yield Problem(
            rule="ethernet-needs-switch",
            text="uplink ethernet cannot work in a VPC, which carries no broadcast and drops "
            "frames of MACs that are not of its own interfaces, so pods could not find each other; "
            "use uplink vxlan (a lab on this machine carries it with `podnet up --fabric switch`)",
            about=("uplink", "fabric"),
        )
    elif settings.zones > 1:
        yield Problem(
            rule="ethernet-one-zone",
            text=f"uplink ethernet takes 1 zone, got zones {settings.zones}: frames do not leave "
            "their subnet; use uplink vxlan, or 1 zone",
            about=("uplink", "zones"),
        )


def _roll_problems(settings: Settings) -> Iterator[Problem]:
    count = settings.node_count
    known = {node_name(number) for number in range(1, count + 1)}
    if strange := [name for name in settings.roll if name not in known]:
        there = "node-1 alone" if count == 1 else f"node-1 to node-{count}"
        yield Problem(
            rule="roll-unknown-node",
            text=f"roll names {', '.join(strange)}, but the stack has {there}",
            about=("roll", "nodeCount"),
        )
