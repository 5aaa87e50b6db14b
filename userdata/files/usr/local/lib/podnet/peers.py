"""Reconciles the neighbours, forwarding entries and routes for every possible peer.

They follow from the address plan, whether a peer exists or not, so a node that joins changes
nothing here. Routes are podnet's by protocol, other entries by device.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any

from ip_rules import TABLE, policy_rules, rule_commands
from links import FLAT, GRE, OVERLAY, exists
from machine import Node, ip_batch, ip_json
from podnet.plan.address import bridge_mac, overlay_mac
from podnet.plan.node_network import BRIDGE, ROUTE_PROTOCOL
from podnet.plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink

# Other programs use other metrics, so no route here replaces one of theirs.
METRIC = ROUTE_PROTOCOL
EVERY_MAC = "00:00:00:00:00:00"

Entries = frozenset[tuple[str, str, str]]
Batch = tuple[str, list[str]]


@dataclass(frozen=True)
class Route:
    """A route to one peer's block, or in podnet's table to the peer for packets of pods."""

    destination: str
    link: str
    gateway: str = ""
    source: str = ""
    table: str = "main"

    @property
    def key(self) -> str:
        """What identifies the route for the kernel."""
        return f"{self.destination} table {self.table} proto {ROUTE_PROTOCOL} metric {METRIC}"

    def command(self) -> str:
        """The command of `ip` that adds it, or replaces the one with the same key."""
        source = f" src {self.source}" if self.source else ""
        # By rule the gateway is on this link.
        gateway = f" via {self.gateway} onlink" if self.gateway else ""
        return f"route replace {self.key} dev {self.link}{gateway}{source}"


@dataclass(frozen=True)
class State:
    """Entries for peers, as the kernel lists them."""

    neighbours: Entries
    """(device, address, MAC), by GRE the peer's own address in place of a MAC."""
    forwarding: Entries
    """(device, MAC, peer), or the bridge in place of the peer: the MAC is behind this port."""
    routes: dict[str, Route]


@lru_cache(maxsize=1)
def wanted(node: Node, routing: Routing, gre: bool = True) -> State:  # noqa: FBT001, FBT002  # bytes
    """The entries that this node must have; `gre` is whether its kernel has GRE."""
    plan, flat = node.addresses, routing.mode is RoutingMode.L2
    peers = plan.peers(node.address, routing.zones)
    bridged = peers if flat else ()
    tunnelled = bridged if routing.uplink is Uplink.VXLAN else ()
    return State(
        frozenset(
            [
                *((OVERLAY, str(peer), overlay_mac(peer)) for peer in peers),
                *((GRE, str(peer), str(peer)) for peer in peers if gre),
                *((BRIDGE, str(plan.gateway(peer)), bridge_mac(peer)) for peer in bridged),
            ]
        ),
        frozenset(
            [
                *((OVERLAY, overlay_mac(peer), str(peer)) for peer in peers),
                *((FLAT, EVERY_MAC, str(peer)) for peer in tunnelled),
                *((FLAT, bridge_mac(peer), str(peer)) for peer in tunnelled),
                *((FLAT, bridge_mac(peer), BRIDGE) for peer in tunnelled),
            ]
        ),
        {route.key: route for peer in peers for route in routes(node, routing, peer)},
    )


def routes(node: Node, routing: Routing, peer: IPv4Address) -> Iterator[Route]:
    """The routes to one peer; the source is the node's own address, so that peers see it."""
    plan, own = node.addresses, str(node.address)
    block, direct, table = str(plan.block(peer)), f"{peer}/32", str(TABLE)
    near = plan.zone(peer) == plan.zone(node.address)
    tunnel = GRE if routing.encapsulation is Encapsulation.GRE else OVERLAY
    match routing.mode:
        case RoutingMode.HOST_GW if near:
            yield Route(block, node.link, str(peer), own)
        case RoutingMode.OVERLAY if routing.cross_zone_only and near:
            yield Route(block, node.link, str(peer), own)
        case RoutingMode.OVERLAY:
            yield Route(block, tunnel, str(peer), own)
            yield Route(direct, tunnel, str(peer), table=table)
        case RoutingMode.FLANNEL if routing.flannel_backend is FlannelBackend.VXLAN:
            # Flannel routes to blocks, and leaves packets from pods to nodes to the agent.
            if not (routing.flannel_direct and near):
                yield Route(direct, OVERLAY, str(peer), table=table)
        case RoutingMode.L2:
            yield Route(block, BRIDGE, source=own)
            yield Route(direct, BRIDGE, str(plan.gateway(peer)), table=table)


def difference(
    want: State, have: State, unmanaged: Container[str], rule: list[str]
) -> dict[str, Batch]:
    """Commands that add what is missing, and then remove what is stale."""
    return {
        "neighbours": (
            "ip",
            [
                f"neigh replace {address} lladdr {mac} dev {link} nud permanent"
                for link, address, mac in want.neighbours - have.neighbours
            ],
        ),
        "forwarding entries": (
            "bridge",
            [_forward(entry) for entry in want.forwarding - have.forwarding],
        ),
        "rule": ("ip", rule),
        "routes": (
            "ip",
            [
                route.command()
                for key, route in want.routes.items()
                if have.routes.get(key) != route and key not in unmanaged
            ],
        ),
        "stale routes": (
            "ip",
            [f"route delete {key}" for key in have.routes if key not in want.routes],
        ),
        "stale neighbours": (
            "ip",
            [
                f"neigh delete {address} dev {link}"
                for link, address in {entry[:2] for entry in have.neighbours}
                - {entry[:2] for entry in want.neighbours}
            ],
        ),
        "stale forwarding entries": (
            "bridge",
            [
                f"fdb delete {mac} dev {link} {_target(peer)}"
                for link, mac, peer in have.forwarding - want.forwarding
            ],
        ),
    }


def keep_peers(node: Node, routing: Routing, report: Callable[[str, str, str], None]) -> str:
    """Apply the difference, and report unmanaged routes."""
    routes, unmanaged = found_routes(node)
    have = State(found_neighbours(), found_forwarding(), routes)
    batches = difference(
        wanted(node, routing, exists(GRE)), have, unmanaged, rule_commands(policy_rules(), node)
    )
    for program, commands in batches.values():
        ip_batch(program, commands)
    # Flannel's routes are in the pod range too.
    others = "" if routing.mode is RoutingMode.FLANNEL else "; ".join(unmanaged.values())
    report("unmanaged routes in the pod range, left alone", others, "none")
    return ", ".join(f"{len(batch[1])} {name}" for name, batch in batches.items() if batch[1])


def found_routes(node: Node) -> tuple[dict[str, Route], dict[str, str]]:
    """Podnet's routes by key; and of others those in the pod range, as text by key."""
    own, unmanaged = {}, {}
    main = ip_json("ip", "-4", "route", "show", "table", "main", "root", str(node.addresses.pods))
    for table, item in [
        *(("main", item) for item in main),
        *((str(TABLE), item) for item in _own_table()),
    ]:
        protocol, metric = item.get("protocol", "boot"), item.get("metric", 0)
        destination = item["dst"] if "/" in item["dst"] else f"{item['dst']}/32"
        route = Route(
            destination,
            item.get("dev", ""),
            item.get("gateway", ""),
            item.get("prefsrc", ""),
            table,
        )
        if protocol == str(ROUTE_PROTOCOL) and metric == METRIC:
            own[route.key] = route
        elif protocol != "kernel":
            key = route.key if metric == METRIC else f"{destination} metric {metric}"
            unmanaged[key] = (
                f"{destination} via {route.gateway or 'none'} dev "
                f"{route.link or 'none'} proto {protocol}"
            )
    return own, unmanaged


def _own_table() -> list[dict[str, Any]]:
    try:
        return ip_json("ip", "-4", "route", "show", "table", str(TABLE))
    except OSError as error:
        # The kernel has no table without a route.
        if "FIB table does not exist" in str(error):
            return []
        raise


def found_neighbours() -> Entries:
    """The permanent neighbours on podnet's devices."""
    return frozenset(
        (link, item["dst"], item["lladdr"])
        for link in (OVERLAY, BRIDGE, *filter(exists, [GRE]))
        for item in ip_json("ip", "-4", "neigh", "show", "dev", link, "nud", "permanent")
    )


def found_forwarding() -> Entries:
    """The entries on the VXLAN devices, but for learned ones and those of their own MACs."""
    found = set()
    for link in (OVERLAY, FLAT):
        for item in ip_json("bridge", "fdb", "show", "dev", link):
            if "dst" in item and item["state"] == "permanent":
                found.add((link, item["mac"], item["dst"]))
            elif item["state"] == "static" and item.get("master"):
                found.add((link, item["mac"], BRIDGE))
    return frozenset(found)


def _forward(entry: tuple[str, str, str]) -> str:
    link, mac, peer = entry
    verb = "append" if mac == EVERY_MAC else "replace"
    return f"fdb {verb} {mac} dev {link} {_target(peer)} {'static' if peer == BRIDGE else ''}"


def _target(peer: str) -> str:
    return "master" if peer == BRIDGE else f"dst {peer} self"
