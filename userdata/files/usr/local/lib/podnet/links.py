"""The pods' bridge and both VXLAN devices.

`podnet0` carries routed packets (overlay), `podnet1` is a port of the bridge (l2). Both exist in
every mode, so that a node can receive from a peer that switches earlier or later.
"""

import fcntl
import socket
import struct
from array import array
from collections.abc import Iterator
from typing import Any

from machine import SYSCTLS, Node, ip_batch, ip_json, set_sysctls
from podnet.plan.address import bridge_mac, overlay_mac
from podnet.plan.node_network import BRIDGE, OVERHEAD
from podnet.plan.routing import Routing, RoutingMode, Uplink

OVERLAY, FLAT = "podnet0", "podnet1"
INNER = "to-phys"
"""The bridge's port of the uplink `ethernet`."""
SIOCETHTOOL, GET_CHECKSUM, SET_CHECKSUM = 0x8946, 0x16, 0x17
FLOODS = ("flood", "mcast_flood", "bcast_flood")

Link = dict[str, Any]


def keep_links(node: Node, routing: Routing) -> str:
    """Create what is missing and change what differs."""
    commands = link_commands(found_links(), node, routing)
    ip_batch("ip", commands)
    more = [
        *address_commands(OVERLAY, addresses(OVERLAY), f"{node.block[0]}/32"),
        *address_commands(BRIDGE, addresses(BRIDGE), bridge_address(node, routing)),
    ]
    ip_batch("ip", more)
    ports = port_commands(ip_json("bridge", "-d", "link", "show"), routing)
    ip_batch("bridge", ports)
    commands = [*commands, *more, *ports, *set_sysctls(_sysctls(node, routing))]
    for name in (OVERLAY, FLAT):
        if _checksum(name, GET_CHECKSUM) != routing.checksum_offload:
            _checksum(name, SET_CHECKSUM, on=routing.checksum_offload)
            commands.append(f"{name} checksum offload {routing.checksum_offload}")
    return "; ".join(commands)


def found_links() -> dict[str, Link]:
    return {link["ifname"]: link for link in ip_json("ip", "-d", "link", "show")}


def link_commands(found: dict[str, Link], node: Node, routing: Routing) -> list[str]:
    """How `ip` creates and changes the links."""
    bridge = {
        "name": BRIDGE,
        "mtu": node.mtu - OVERHEAD,
        "mac": bridge_mac(node.address),
        "kind": "bridge",
    }
    port = list(_device(found.get(FLAT), _vxlan(FLAT, node, routing)))
    if port or found[FLAT].get("master") != BRIDGE:
        port.append(f"link set {FLAT} master {BRIDGE}")
    return [
        *_device(found.get(OVERLAY), _vxlan(OVERLAY, node, routing)),
        *_device(found.get(BRIDGE), bridge),
        *port,
    ]


def address_commands(link: str, found: list[str], wanted: str) -> list[str]:
    """How `ip` leaves a link with one address; with others the bridge plugin adds no pod."""
    # The new one comes first, so that the gateway is never away.
    add = [] if wanted in found else [f"address add {wanted} dev {link}"]
    return [*add, *(f"address delete {one} dev {link}" for one in found if one != wanted)]


def port_commands(ports: list[Link], routing: Routing) -> list[str]:
    """How `bridge` sets the bridge's VXLAN port."""
    flood = routing.mode is RoutingMode.L2 and routing.uplink is Uplink.VXLAN
    found: Link = next((port for port in ports if port["ifname"] == FLAT), {})
    wanted = {**dict.fromkeys(FLOODS, flood), "neigh_suppress": True}
    if all(found.get(key) == value for key, value in wanted.items()):
        return []
    options = " ".join(f"{key} {'on' if value else 'off'}" for key, value in wanted.items())
    return [f"link set dev {FLAT} {options}"]


def bridge_address(node: Node, routing: Routing) -> str:
    """The pods' gateway, with the prefix for the bridge plugin."""
    on_link = node.addresses.pods if routing.mode is RoutingMode.L2 else node.block
    return f"{node.addresses.gateway(node.address)}/{on_link.prefixlen}"


def _vxlan(name: str, node: Node, routing: Routing) -> Link:
    flat = name == FLAT
    return {
        "name": name,
        "mtu": node.mtu - OVERHEAD,
        "kind": "vxlan",
        "mac": None if flat else overlay_mac(node.address),
        "id": routing.vni + 1 if flat else routing.vni,
        "local": str(node.address),
        "port": routing.port,
        "learning": flat,
    }


def _device(found: Link | None, wanted: Link) -> Iterator[str]:
    name, mac = wanted["name"], wanted["mac"]
    info = (found or {}).get("linkinfo", {})
    fixed = {key: wanted[key] for key in ("id", "local", "port", "learning") if key in wanted}
    if found and (
        info.get("info_kind") != wanted["kind"]
        or any(info["info_data"].get(key) != value for key, value in fixed.items())
    ):
        yield f"link delete {name}"
        found = None
    if not found:
        options = (
            ""
            if wanted["kind"] == "bridge"
            else (
                f" id {wanted['id']} local {wanted['local']} dstport {wanted['port']}"
                f" {'learning' if wanted['learning'] else 'nolearning'}"
            )
        )
        yield (
            f"link add {name}{f' address {mac}' if mac else ''} mtu {wanted['mtu']}"
            f" type {wanted['kind']}{options}"
        )
        yield f"link set {name} addrgenmode none"
    elif found["mtu"] != wanted["mtu"] or (mac and found["address"] != mac):
        yield f"link set {name}{f' address {mac}' if mac else ''} mtu {wanted['mtu']}"
    if not found or "UP" not in found["flags"]:
        yield f"link set {name} up"


def addresses(link: str) -> list[str]:
    """The IPv4 addresses of a link, each with its prefix."""
    return [
        f"{item['local']}/{item['prefixlen']}"
        for found in ip_json("ip", "-4", "address", "show", "dev", link)
        for item in found["addr_info"]
    ]


def _sysctls(node: Node, routing: Routing) -> dict[str, str]:
    # Loose, since during a switch packets arrive by a link that replies do not leave by.
    links = [node.link, OVERLAY, BRIDGE]
    if (SYSCTLS / "ipv4/conf" / (flannel := f"flannel.{routing.vni + 2}")).exists():
        links.append(flannel)
    values = {f"ipv4/conf/{name}/rp_filter": "2" for name in links}
    values |= {f"ipv4/conf/{name}/forwarding": "1" for name in links}
    bridge, wire = f"ipv4/conf/{BRIDGE}", f"ipv4/neigh/{node.link}"
    return values | {
        # A VPC does not announce the new MAC of a replaced node, so peers must ask soon (ADR 12).
        f"{wire}/base_reachable_time_ms": "3000",
        f"{wire}/delay_first_probe_time": "1",
        f"{wire}/ucast_solicit": "1",
        f"{wire}/mcast_resolicit": "1",
        # After a switch the node answers for pods that mode l2 had on-link.
        f"{bridge}/proxy_arp": "1",
        f"ipv4/neigh/{BRIDGE}/proxy_delay": "0",
        # Only its own link answers for the node's address.
        f"{bridge}/arp_ignore": "1",
        f"{bridge}/arp_announce": "2",
        # In mode l2 packets enter and leave by the bridge.
        f"{bridge}/send_redirects": "0",
        "ipv4/conf/all/send_redirects": "0",
    }


def _checksum(name: str, command: int, *, on: bool = False) -> bool:
    value = array("I", (command, on))
    request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
    return bool(value[1])
