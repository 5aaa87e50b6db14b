"""The uplink `ethernet` of mode l2: pods' frames on the node's own wire.

The node's link becomes a port of a bridge with its address, and a veth pair connects that bridge
to the pods'. A VPC does not carry such frames, a plain switch does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from links import FLAT, FLOODS, INNER, addresses
from machine import Node, ip_batch, ip_json, run
from podnet.plan.node_network import BRIDGE
from podnet.plan.routing import Routing, RoutingMode, Uplink

PHYSICAL, OUTER = "phys-bridge", "to-pods"
RESOLVED = Path("/run/systemd/resolve")
"""What systemd-resolved has while it runs."""

Links = dict[str, dict[str, Any]]


def keep_uplink(node: Node, routing: Routing) -> str:
    """Create the uplink, or delete it where the routing has none."""
    wanted = routing.mode is RoutingMode.L2 and routing.uplink is Uplink.ETHERNET
    found: Links = {link["ifname"]: link for link in ip_json("ip", "link", "show")}
    commands = list(_create(node, found) if wanted else _delete(node, found))
    if wanted and INNER not in found:
        # Two paths between the same bridges would be a loop.
        ip_batch("bridge", [f"link set dev {FLAT} {' off '.join(FLOODS)} off"])
    ip_batch("ip", commands)
    if wanted and PHYSICAL in found:
        commands += _resolve(_ports(found))
    return "; ".join(commands)


def _resolve(ports: list[str]) -> Iterator[str]:
    """Let systemd-resolved ask the port's DNS servers by the bridge.

    It asks by no link without an address, and a node without names reaches no API.
    """
    if RESOLVED.exists() and not _servers(PHYSICAL):
        servers = [server for port in ports for server in _servers(port)]
        for words in (("dns", PHYSICAL, *servers), ("default-route", PHYSICAL, "yes")):
            if servers:
                run("resolvectl", *words)
                yield f"resolvectl {' '.join(words)}"


def _servers(link: str) -> list[str]:
    """The DNS servers of a link, as in `Link 2 (eth0): 192.168.1.2`."""
    return run("resolvectl", "dns", link).partition(":")[2].split()


def _create(node: Node, found: Links) -> Iterator[str]:
    if BRIDGE not in found:
        raise LookupError(f"{BRIDGE} does not exist yet, so the uplink waits for it")
    if node.link != PHYSICAL:
        mac = found[node.link]["address"]
        yield f"link add {PHYSICAL} address {mac} mtu {node.mtu} type bridge"
        yield f"link set {PHYSICAL} up"
        yield f"link set {node.link} master {PHYSICAL}"
        yield from _move(node.link, PHYSICAL)
        yield from _clear(node.link)
    else:
        # A DHCP client may give the port its address again.
        for name in _ports(found):
            yield from _clear(name)
    if INNER not in found:
        yield f"link add {INNER} mtu {node.mtu} type veth peer name {OUTER} mtu {node.mtu}"
        yield f"link set {OUTER} master {PHYSICAL} up"
        yield f"link set {INNER} master {BRIDGE} up"


def _delete(node: Node, found: Links) -> Iterator[str]:
    if INNER in found:
        yield f"link delete {INNER}"
    if PHYSICAL in found:
        for name in _ports(found):
            yield f"link set {name} nomaster"
            yield from _move(node.link, name)
        yield f"link delete {PHYSICAL}"


def _ports(found: Links) -> list[str]:
    """The node's link as a port."""
    return [
        name for name, link in found.items() if link.get("master") == PHYSICAL and name != OUTER
    ]


def _move(old: str, new: str) -> Iterator[str]:
    """Give a link the addresses and default routes of another."""
    for address in addresses(old):
        yield f"address add {address} dev {new}"
    for route in ip_json("ip", "-4", "route", "show", "default", "dev", old):
        metric = route.get("metric", 0)
        yield f"route replace default via {route['gateway']} dev {new} metric {metric}"


def _clear(link: str) -> Iterator[str]:
    if found := addresses(link):
        yield from (f"address delete {address} dev {link}" for address in found)
        yield f"route flush dev {link}"
