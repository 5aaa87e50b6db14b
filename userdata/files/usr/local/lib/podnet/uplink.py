"""The uplink `ethernet` of mode l2: pods' frames on the node's own wire.

The node's link becomes a port of a bridge that takes over its address, and a pair of links ties
that bridge to the pods'. A VPC carries no such frames; a plain switch does.
"""

from collections.abc import Iterator
from typing import Any

from links import FLAT, FLOODS
from machine import BRIDGE, Node, ask, tell
from plan.routing import Routing, RoutingMode, Uplink

PHYSICAL, OUTER, INNER = "phys-bridge", "to-pods", "to-phys"

Links = dict[str, dict[str, Any]]


def keep_uplink(node: Node, routing: Routing) -> str:
    """Build it where it is asked for, take it away where it is not; says what it did."""
    wanted = routing.mode is RoutingMode.L2 and routing.uplink is Uplink.ETHERNET
    found: Links = {link["ifname"]: link for link in ask("ip", "link", "show")}
    commands = list(_up(node, found) if wanted else _down(node, found))
    tell("ip", commands)
    return "; ".join(commands)


def _up(node: Node, found: Links) -> Iterator[str]:
    if BRIDGE not in found:
        raise LookupError(f"{BRIDGE} is not there yet to be joined to the wire")
    if node.link != PHYSICAL:
        mac = found[node.link]["address"]
        yield f"link add {PHYSICAL} address {mac} mtu {node.mtu} type bridge"
        yield f"link set {PHYSICAL} up"
        yield f"link set {node.link} master {PHYSICAL}"
        yield from _move(node.link, PHYSICAL)
        yield from _clear(node.link)
    else:
        # A DHCP client that knows nothing of the bridge gives the port its address again.
        for name in _ports(found):
            yield from _clear(name)
    if INNER not in found:
        # Two ways between the same bridges would be a loop.
        tell("bridge", [f"link set dev {FLAT} {' off '.join(FLOODS)} off"])
        yield f"link add {INNER} mtu {node.mtu} type veth peer name {OUTER} mtu {node.mtu}"
        yield f"link set {OUTER} master {PHYSICAL} up"
        yield f"link set {INNER} master {BRIDGE} up"


def _down(node: Node, found: Links) -> Iterator[str]:
    if INNER in found:
        yield f"link delete {INNER}"
    if PHYSICAL in found:
        for name in _ports(found):
            yield f"link set {name} nomaster"
            yield from _move(node.link, name)
        yield f"link delete {PHYSICAL}"


def _ports(found: Links) -> list[str]:
    """The wire among the ports of the physical bridge."""
    return [
        name for name, link in found.items() if link.get("master") == PHYSICAL and name != OUTER
    ]


def _move(old: str, new: str) -> Iterator[str]:
    """Give a link the addresses and default routes of another; in place, so none is ever away."""
    for address in _addresses(old):
        yield f"address add {address} dev {new}"
    for route in ask("ip", "-4", "route", "show", "default", "dev", old):
        metric = route.get("metric", 0)
        yield f"route replace default via {route['gateway']} dev {new} metric {metric}"


def _clear(link: str) -> Iterator[str]:
    if addresses := _addresses(link):
        yield from (f"address delete {address} dev {link}" for address in addresses)
        yield f"route flush dev {link}"


def _addresses(link: str) -> list[str]:
    return [
        f"{item['local']}/{item['prefixlen']}"
        for found in ask("ip", "-4", "address", "show", "dev", link)
        for item in found["addr_info"]
    ]
