"""The links every mode can receive by: the pods' bridge and the two VXLAN devices.

`podnet0` carries routed packets (overlay), `podnet1` is a port of the bridge (l2). Both are there
in every mode, so that a node gets what a peer sends that changed its mode earlier or later.
"""

import fcntl
import socket
import struct
from array import array
from collections.abc import Iterator
from typing import Any

from machine import BRIDGE, OVERHEAD, SYSCTLS, Node, ask, set_sysctls, tell
from plan.address import bridge_mac, overlay_mac
from plan.routing import Routing, RoutingMode, Uplink

OVERLAY, FLAT = "podnet0", "podnet1"
SIOCETHTOOL, GET_CHECKSUM, SET_CHECKSUM = 0x8946, 0x16, 0x17
FLOODS = ("flood", "mcast_flood", "bcast_flood")

Link = dict[str, Any]


def keep_links(node: Node, routing: Routing) -> str:
    """Make what is missing and change what differs; says what."""
    found = {link["ifname"]: link for link in ask("ip", "-d", "link", "show")}
    commands = [
        *_device(found.get(OVERLAY), _vxlan(OVERLAY, node, routing)),
        *_device(
            found.get(BRIDGE),
            {
                "name": BRIDGE,
                "mtu": node.mtu - OVERHEAD,
                "mac": bridge_mac(node.address),
                "kind": "bridge",
            },
        ),
        *(port := list(_device(found.get(FLAT), _vxlan(FLAT, node, routing)))),
    ]
    if port or found[FLAT].get("master") != BRIDGE:
        commands.append(f"link set {FLAT} master {BRIDGE}")
    tell("ip", commands)
    tell(
        "ip",
        addresses := [
            *_addresses(OVERLAY, f"{node.block[0]}/32"),
            *_addresses(BRIDGE, bridge_address(node, routing)),
        ],
    )
    commands += addresses
    if port := _port(routing):
        tell("bridge", port)
        commands += port
    commands += set_sysctls(_sysctls(node, routing))
    for name in (OVERLAY, FLAT):
        if _checksum(name, GET_CHECKSUM) != routing.checksum_offload:
            _checksum(name, SET_CHECKSUM, on=routing.checksum_offload)
            commands.append(f"{name} checksum offload {routing.checksum_offload}")
    return "; ".join(commands)


def bridge_address(node: Node, routing: Routing) -> str:
    """The pods' gateway, with the prefix by which the bridge plugin knows it as its own."""
    whole = node.plan.pods if routing.mode is RoutingMode.L2 else node.block
    return f"{node.plan.gateway(node.address)}/{whole.prefixlen}"


def _vxlan(name: str, node: Node, routing: Routing) -> Link:
    flat = name == FLAT
    return {
        "name": name,
        "mtu": node.mtu - OVERHEAD,
        "kind": "vxlan",
        "mac": None if flat else overlay_mac(node.address),
        "id": routing.vni + flat,
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


def _addresses(name: str, wanted: str) -> list[str]:
    listed = ask("ip", "-4", "address", "show", "dev", name)
    found = {
        f"{item['local']}/{item['prefixlen']}" for link in listed for item in link["addr_info"]
    }
    # Any other address would make the bridge plugin refuse to add pods. The new one comes first,
    # so that the gateway is never away.
    return [
        *(f"address add {wanted} dev {name}" for _ in range(wanted not in found)),
        *(f"address delete {address} dev {name}" for address in sorted(found - {wanted})),
    ]


def _port(routing: Routing) -> list[str]:
    """The command that sets how the bridge uses its VXLAN port, if it is not so."""
    flood = routing.mode is RoutingMode.L2 and routing.uplink is Uplink.VXLAN
    found: Link = next(
        (port for port in ask("bridge", "-d", "link", "show") if port["ifname"] == FLAT), {}
    )
    wanted = {**dict.fromkeys(FLOODS, flood), "neigh_suppress": True}
    if all(found.get(key) == value for key, value in wanted.items()):
        return []
    words = (word for key, value in wanted.items() for word in (key, "on" if value else "off"))
    return [f"link set dev {FLAT} {' '.join(words)}"]


def _sysctls(node: Node, routing: Routing) -> dict[str, str]:
    # While modes change, packets arrive by a link that answers would not leave by. Loose
    # filtering looks for any way back.
    links = [node.link, OVERLAY, BRIDGE]
    if (SYSCTLS / "ipv4/conf" / (flannel := f"flannel.{routing.vni + 2}")).exists():
        links.append(flannel)
    values = {f"ipv4/conf/{name}/rp_filter": "2" for name in links}
    bridge, wire = f"ipv4/conf/{BRIDGE}", f"ipv4/neigh/{node.link}"
    return values | {
        # A node made anew has its old address and a new MAC, and a VPC carries no announcement
        # of that: peers believe the old one for as long as they do not ask again (ADR 12).
        f"{wire}/base_reachable_time_ms": "3000",
        f"{wire}/delay_first_probe_time": "1",
        f"{wire}/ucast_solicit": "1",
        f"{wire}/mcast_resolicit": "1",
        # Pods made in mode l2 have all others on-link; after a change of mode the node answers.
        f"{bridge}/proxy_arp": "1",
        f"ipv4/neigh/{BRIDGE}/proxy_delay": "0",
        # The node's own address is asked for on its own link only.
        f"{bridge}/arp_ignore": "1",
        f"{bridge}/arp_announce": "2",
        # In mode l2, packets to other nodes come by the bridge and leave by it.
        f"{bridge}/send_redirects": "0",
        "ipv4/conf/all/send_redirects": "0",
    }


def _checksum(name: str, command: int, *, on: bool = False) -> bool:
    value = array("I", (command, on))
    request = struct.pack("16sP16x", name.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)
    return bool(value[1])
