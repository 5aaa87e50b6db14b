"""What the kernel must know of every possible peer: neighbours, forwarding entries and routes.

By rule from the address plan, whether a peer exists or not, so a node that joins changes nothing
here. Ours are the routes with our protocol number, and what is permanent on our own devices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any

from links import FLAT, OVERLAY
from machine import BRIDGE, Node, ask, tell
from plan.address import bridge_mac, overlay_mac
from plan.routing import FlannelBackend, Routing, RoutingMode, Uplink

# One number for our routes' protocol and metric, our rule's priority and our table. A route that
# is not ours has another metric, so ours never takes its place.
OURS = 112
EVERY_MAC = "00:00:00:00:00:00"

Entries = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Route:
    """A route to one peer's block, or in our own table to the peer for packets of pods."""

    destination: str
    link: str
    gateway: str = ""
    source: str = ""
    table: str = "main"

    @property
    def key(self) -> str:
        """What tells routes of ours apart for the kernel."""
        return f"{self.destination} table {self.table} proto {OURS} metric {OURS}"

    def command(self) -> str:
        """The words by which `ip` sets it, in place of another to the same destination."""
        source = f" src {self.source}" if self.source else ""
        # The kernel looks no gateway up: it is on this link by rule.
        gateway = f" via {self.gateway} onlink" if self.gateway else ""
        return f"route replace {self.key} dev {self.link}{gateway}{source}"


@dataclass(frozen=True)
class Wanted:
    """What the kernel must hold, as it would list it."""

    neighbours: Entries
    """(device, address, MAC)."""
    forwarding: Entries
    """(device, MAC, peer), or the bridge in place of the peer: the MAC is behind this port."""
    routes: dict[str, Route]


@lru_cache(maxsize=1)
def wanted(node: Node, routing: Routing) -> Wanted:
    """What the plan asks of the kernel of this node."""
    plan, flat = node.plan, routing.mode is RoutingMode.L2
    peers = plan.peers(node.address, routing.max_nodes)
    bridged = peers if flat else ()
    tunnelled = bridged if routing.uplink is Uplink.VXLAN else ()
    return Wanted(
        frozenset(
            [
                *((OVERLAY, str(peer), overlay_mac(peer)) for peer in peers),
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
    """The routes to one peer; the node's own address is the source, so that nothing is hidden."""
    plan, own = node.plan, str(node.address)
    block, direct, table = str(plan.block(peer)), f"{peer}/32", str(OURS)
    near = peer in plan.subnet(node.address)
    match routing.mode:
        case RoutingMode.HOST_GW if near:
            yield Route(block, node.link, str(peer), own)
        case RoutingMode.OVERLAY if routing.cross_zone_only and near:
            yield Route(block, node.link, str(peer), own)
        case RoutingMode.OVERLAY:
            yield Route(block, OVERLAY, str(peer), own)
            yield Route(direct, OVERLAY, str(peer), table=table)
        case RoutingMode.FLANNEL if routing.flannel_backend is FlannelBackend.VXLAN:
            # Flannel's own routes lead to blocks; packets from pods to nodes are left to us.
            if not (routing.flannel_direct and near):
                yield Route(direct, OVERLAY, str(peer), table=table)
        case RoutingMode.L2:
            yield Route(block, BRIDGE, source=own)
            yield Route(direct, BRIDGE, str(plan.gateway(peer)), table=table)


def keep_peers(node: Node, routing: Routing) -> tuple[str, str]:
    """Add what is missing, then remove what is stale: (what changed, what is not ours)."""
    want = wanted(node, routing)
    have, foreign = found_routes(node)
    neighbours, forwarding = found_neighbours(), found_forwarding()
    missing = [
        route.command()
        for key, route in want.routes.items()
        if have.get(key) != route and key not in foreign
    ]
    stale = [f"route delete {key}" for key in have if key not in want.routes]
    tell(
        "ip",
        [
            f"neigh replace {address} lladdr {mac} dev {link} nud permanent"
            for link, address, mac in want.neighbours - neighbours
        ],
    )
    tell("bridge", [_forward(entry) for entry in want.forwarding - forwarding])
    tell("ip", [*_rule(node), *missing])
    tell(
        "ip",
        [
            *stale,
            *(
                f"neigh delete {address} dev {link}"
                for link, address in _places(neighbours) - _places(want.neighbours)
            ),
        ],
    )
    tell(
        "bridge",
        [
            f"fdb delete {mac} dev {link} {_behind(peer)}"
            for link, mac, peer in forwarding - want.forwarding
        ],
    )
    counts = {
        "neighbours": len(want.neighbours - neighbours),
        "forwarding entries": len(want.forwarding - forwarding),
        "routes": len(missing),
        "stale routes": len(stale),
    }
    changes = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    others = "" if routing.mode is RoutingMode.FLANNEL else "; ".join(foreign.values())
    return changes, others


def found_routes(node: Node) -> tuple[dict[str, Route], dict[str, str]]:
    """Our routes by key; and whatever else is in the pod range, as text by key."""
    ours, foreign = {}, {}
    main = ask("ip", "-4", "route", "show", "table", "main", "root", str(node.plan.pods))
    for table, item in [
        *(("main", item) for item in main),
        *((str(OURS), item) for item in _own_table()),
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
        if protocol == str(OURS) and metric == OURS:
            ours[route.key] = route
        elif protocol != "kernel":
            key = route.key if metric == OURS else f"{destination} metric {metric}"
            foreign[key] = (
                f"{destination} via {route.gateway or 'none'} dev "
                f"{route.link or 'none'} proto {protocol}"
            )
    return ours, foreign


def _own_table() -> list[dict[str, Any]]:
    try:
        return ask("ip", "-4", "route", "show", "table", str(OURS))
    except OSError as error:
        # A table without a route is none.
        if "FIB table does not exist" in str(error):
            return []
        raise


def found_neighbours() -> Entries:
    """The permanent neighbours on our devices."""
    return frozenset(
        (link, item["dst"], item["lladdr"])
        for link in (OVERLAY, BRIDGE)
        for item in ask("ip", "-4", "neigh", "show", "dev", link, "nud", "permanent")
    )


def found_forwarding() -> Entries:
    """The entries on the VXLAN devices that were not learned, and are not of their own MACs."""
    found = set()
    for link in (OVERLAY, FLAT):
        for item in ask("bridge", "fdb", "show", "dev", link):
            if "dst" in item and item["state"] == "permanent":
                found.add((link, item["mac"], item["dst"]))
            elif item["state"] == "static" and item.get("master"):
                found.add((link, item["mac"], BRIDGE))
    return frozenset(found)


def _places(entries: Entries) -> set[tuple[str, str]]:
    return {(link, address) for link, address, _ in entries}


def _forward(entry: tuple[str, str, str]) -> str:
    link, mac, peer = entry
    verb = "append" if mac == EVERY_MAC else "replace"
    return f"fdb {verb} {mac} dev {link} {_behind(peer)} {'static' if peer == BRIDGE else ''}"


def _behind(peer: str) -> str:
    return "master" if peer == BRIDGE else f"dst {peer} self"


def _rule(node: Node) -> Iterator[str]:
    # Pods' packets to other nodes; a table of our own, since packets of the node itself must go
    # to the same addresses directly: they carry what is encapsulated.
    plan, table = node.plan, str(OURS)
    wanted_rule = {
        "src": str(plan.pods[0]),
        "srclen": plan.pods.prefixlen,
        "dst": str(plan.vpc[0]),
        "dstlen": plan.vpc.prefixlen,
        "table": table,
    }
    listed: list[dict[str, Any]] = ask("ip", "-4", "rule", "show", "priority", table)
    if not any(wanted_rule.items() <= item.items() for item in listed):
        yield (
            f"rule add priority {table} from {plan.pods} to {plan.vpc} lookup {table}"
            f" protocol {table}"
        )
