"""The rules that the settings of a routing mode must keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from podnet.plan.nodes import planned_nodes
from podnet.plan.problem import Problem
from podnet.plan.routing import (
    LARGEST_PORT,
    LARGEST_VNI,
    Encapsulation,
    RoutingMode,
    Uplink,
)
from podnet.plan.settings import Fabric, Settings

MAX_L2_NODES = 32
"""In mode l2 each broadcast is sent once for every possible peer."""
LEAST_PATIENCE, MOST_PATIENCE = 10, 3600
RESERVED_PORTS = {22: "SSH", 53: "DNS", 67: "DHCP", 68: "DHCP", 123: "NTP"}
"""Ports on which a node talks of other things."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about routing that these settings break."""
    yield from _peer_problems(settings)
    yield from _overlay_problems(settings)
    yield from _encapsulation_problems(settings)
    yield from _zone_problems(settings)
    yield from _uplink_problems(settings)
    yield from _roll_problems(settings)
    if not LEAST_PATIENCE <= settings.settle_timeout <= MOST_PATIENCE:
        yield Problem(
            rule="settle-timeout-range",
            text=f"settleTimeout must be {LEAST_PATIENCE} to {MOST_PATIENCE}, got "
            f"{settings.settle_timeout}: so many seconds may pass in which no node says that it "
            "has applied the routing",
            about=("settleTimeout",),
        )


def _peer_problems(settings: Settings) -> Iterator[Problem]:
    plan = settings.addresses
    possible = settings.zones * plan.capacity
    if settings.routing is RoutingMode.L2 and possible > MAX_L2_NODES:
        where = "" if settings.zones == 1 else f" in {settings.zones} zones"
        yield Problem(
            rule="node-range-l2",
            text=f"nodeRangePrefix {plan.range_prefix} has addresses for {possible} nodes{where}, "
            f"more than the {MAX_L2_NODES} that routing l2 takes, since each broadcast of a pod is "
            "copied to every possible node; use a longer nodeRangePrefix (28 has 5 in a zone), "
            "or another mode",
            about=("nodeRangePrefix", "routing", "zones"),
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


def _encapsulation_problems(settings: Settings) -> Iterator[Problem]:
    # `vxlanPort` has its meaning with GRE too: the VXLAN devices, which receive in every mode, are
    # at that port before a switch to them.
    if settings.encapsulation is Encapsulation.GRE and settings.routing is not RoutingMode.OVERLAY:
        yield Problem(
            rule="gre-needs-overlay",
            text=f"encapsulation gre is for routing overlay, got routing {settings.routing}, which "
            "has none or VXLAN alone; leave it out, or use overlay",
            about=("encapsulation", "routing"),
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
    if not settings.roll:
        return
    try:
        known = [node.name for node in planned_nodes(settings)]
    except ValueError:
        # Other rules say what is wrong with the number of nodes.
        return
    if strange := [name for name in settings.roll if name not in known]:
        yield Problem(
            rule="roll-unknown-node",
            text=f"roll names {', '.join(strange)}, but the stack has {_listed(known)}",
            about=("roll", "nodeCount"),
        )


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} alone"
    return f"{', '.join(names[:-1])} and {names[-1]}"
