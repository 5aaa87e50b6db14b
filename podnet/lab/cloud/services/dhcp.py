"""A VPC's DHCP server: each network interface gets its own address, and there are no leases.

An address belongs to an interface for as long as it exists; a server with a table of leases
would refuse an address to a new instance while the lease of a terminated one runs.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from socketserver import BaseRequestHandler, UDPServer

from podnet.lab.cloud.fabric.names import bridge
from podnet.plan.node_network import VPC_MTU
from podnet.world.model import Subnet

SERVER, CLIENT = 67, 68
BOOTREQUEST, BOOTREPLY = 1, 2
DISCOVER, OFFER, REQUEST, ACK, NAK, INFORM = 1, 2, 3, 5, 6, 8
MAGIC = b"\x63\x82\x53\x63"
# RFC 2132
MASK, ROUTER, DNS, HOSTNAME, DOMAIN, MTU = 1, 3, 6, 12, 15, 26
WANTED, LIFE, KIND, SERVER_ID, END = 50, 51, 53, 54, 255
LIFE_SECONDS = 3600
HEADER = struct.Struct("!BBBBIHHIIII16s64s128s4s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """What one client is assigned (RFC 2131, "binding")."""

    address: IPv4Address
    subnet: Subnet
    resolver: IPv4Address
    host_name: str
    """The instance's private DNS name, with its domain."""


class DhcpServer(UDPServer):
    """Must be constructed inside the VPC's namespace, where it then listens."""

    allow_reuse_address = True

    def __init__(self, find: Callable[[str], Binding | None]) -> None:
        """`find` looks a client up by its MAC, lower case with colons."""
        self.find = find
        self.link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        super().__init__(("", SERVER), _Handler)

    def server_close(self) -> None:
        """Close both sockets."""
        self.link.close()
        super().server_close()


class _Handler(BaseRequestHandler):
    server: DhcpServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        packet: bytes = self.request[0]
        mac = packet[28:34].hex(":")
        binding = self.server.find(mac)
        reply = answer(packet, binding) if binding else None
        if binding is None or reply is None:
            return
        # Straight to the interface: it has no address yet that ARP could find, and a VPC
        # carries no broadcast.
        self.server.link.sendto(
            _datagram(binding.subnet.router, binding.address, reply),
            (bridge(binding.subnet.id), 0x0800, 0, 0, bytes.fromhex(mac.replace(":", ""))),
        )


def answer(packet: bytes, binding: Binding) -> bytes | None:
    """The reply to one packet of a client with this binding; None where none is due."""
    if len(packet) < HEADER.size or packet[236:240] != MAGIC or packet[0] != BOOTREQUEST:
        return None
    requested = options(packet[HEADER.size :])
    (_, htype, hlen, _, xid, _, flags, ciaddr, _, _, _, chaddr, *_) = HEADER.unpack_from(packet)
    kind = requested.get(KIND, b"")[:1]
    server = binding.subnet.router
    if requested.get(SERVER_ID, server.packed) != server.packed:
        return None
    address = requested.get(WANTED) or (ciaddr.to_bytes(4, "big") if ciaddr else None)
    if kind == bytes([DISCOVER]):
        reply = OFFER
    elif kind == bytes([INFORM]):
        reply = ACK
    elif kind == bytes([REQUEST]):
        reply = ACK if address == binding.address.packed else NAK
    else:
        return None
    assigned = 0 if reply == NAK or kind == bytes([INFORM]) else int(binding.address)
    client = ciaddr if reply == ACK else 0
    head = HEADER.pack(
        *(BOOTREPLY, htype, hlen, 0, xid, 0, flags),
        *(client, assigned, 0, 0, chaddr, b"", b"", MAGIC),
    )
    body = {KIND: bytes([reply]), SERVER_ID: server.packed}
    if reply != NAK:
        body |= _network_options(binding)
    if assigned:
        body[LIFE] = LIFE_SECONDS.to_bytes(4, "big")
    packed = [bytes([code, len(value)]) + value for code, value in body.items()]
    return b"".join([head, *packed, bytes([END])])


def options(data: bytes) -> dict[int, bytes]:
    """The options of a packet by their code."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(data) and data[at] != END:
        if data[at] == 0:
            at += 1
            continue
        size = data[at + 1]
        found[data[at]] = data[at + 2 : at + 2 + size]
        at += 2 + size
    return found


def _network_options(binding: Binding) -> dict[int, bytes]:
    name, _, domain = binding.host_name.partition(".")
    return {
        MASK: binding.subnet.cidr.netmask.packed,
        ROUTER: binding.subnet.router.packed,
        DNS: binding.resolver.packed,
        MTU: VPC_MTU.to_bytes(2, "big"),
        HOSTNAME: name.encode(),
        DOMAIN: domain.encode(),
    }


def _datagram(source: IPv4Address, target: IPv4Address, payload: bytes) -> bytes:
    size = 8 + len(payload)
    udp = struct.pack("!HHHH", SERVER, CLIENT, size, 0)  # no checksum: UDP over IPv4 may omit it
    head = struct.pack(
        "!BBHHHBBH4s4s",
        *(0x45, 0x10, 20 + size, 0, 0, 64, socket.IPPROTO_UDP, 0),
        *(source.packed, target.packed),
    )
    total: int = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + (~total & 0xFFFF).to_bytes(2, "big") + head[12:] + udp + payload
