"""DHCP as a VPC gives it: the address of the network interface that asks, and no lease to keep.

An address belongs to an interface for as long as the API says so; a server with a table of leases
would refuse an address to a new instance while the lease of a terminated one runs.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from socketserver import BaseRequestHandler, UDPServer

from lab.cloud.facts import Interface

SERVER, CLIENT = 67, 68
BOOTREQUEST, BOOTREPLY = 1, 2
DISCOVER, OFFER, REQUEST, ACK, NAK, INFORM = 1, 2, 3, 5, 6, 8
MAGIC = b"\x63\x82\x53\x63"
# RFC 2132
MASK, ROUTER, DNS, HOSTNAME, DOMAIN, MTU = 1, 3, 6, 12, 15, 26
WANTED, LIFE, KIND, SERVER_ID, END = 50, 51, 53, 54, 255
LIFE_SECONDS = 3600
VPC_MTU = 9001
HEADER = struct.Struct("!BBBBIHHIIII16s64s128s4s")


class DhcpServer(UDPServer):
    """Listens where it is made: make it inside the namespace of the VPC."""

    allow_reuse_address = True

    def __init__(self, find: Callable[[str], tuple[Interface, str] | None]) -> None:
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
        found = self.server.find(mac)
        if found is None:
            return
        interface, host_name = found
        reply = answer(packet, interface, host_name)
        if reply is None:
            return
        # Straight to the interface: it has no address yet that ARP could find, and a VPC
        # carries no broadcast.
        self.server.link.sendto(
            _datagram(router(interface.subnet), interface.address, reply),
            (bridge(interface.subnet_id), 0x0800, 0, 0, bytes.fromhex(mac.replace(":", ""))),
        )


def bridge(subnet_id: str) -> str:
    """Name of the bridge that is this subnet."""
    return f"br-{subnet_id[-8:]}"


def router(subnet: IPv4Network) -> IPv4Address:
    """The VPC router's address in this subnet."""
    return subnet[1]


def resolver(vpc: IPv4Network) -> IPv4Address:
    """The address of a VPC's DNS resolver."""
    return vpc[2]


def answer(packet: bytes, interface: Interface, host_name: str) -> bytes | None:
    """The reply to one packet of a client that has this interface; None where none is due."""
    if len(packet) < HEADER.size or packet[236:240] != MAGIC or packet[0] != BOOTREQUEST:
        return None
    asked = options(packet[HEADER.size :])
    (_, htype, hlen, _, xid, _, flags, ciaddr, _, _, _, chaddr, *_) = HEADER.unpack_from(packet)
    kind = asked.get(KIND, b"")[:1]
    server = router(interface.subnet)
    if asked.get(SERVER_ID, server.packed) != server.packed:
        return None
    wanted = asked.get(WANTED) or (ciaddr.to_bytes(4, "big") if ciaddr else None)
    if kind == bytes([DISCOVER]):
        say = OFFER
    elif kind == bytes([INFORM]):
        say = ACK
    elif kind == bytes([REQUEST]):
        say = ACK if wanted == interface.address.packed else NAK
    else:
        return None
    given = 0 if say == NAK or kind == bytes([INFORM]) else int(interface.address)
    head = HEADER.pack(
        BOOTREPLY,
        htype,
        hlen,
        0,
        xid,
        0,
        flags,
        ciaddr if say == ACK else 0,
        given,
        0,
        0,
        chaddr,
        b"",
        b"",
        MAGIC,
    )
    body = {KIND: bytes([say]), SERVER_ID: server.packed}
    if say != NAK:
        body |= _settings(interface, host_name)
    if given:
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


def _settings(interface: Interface, host_name: str) -> dict[int, bytes]:
    name, _, domain = host_name.partition(".")
    return {
        MASK: interface.subnet.netmask.packed,
        ROUTER: router(interface.subnet).packed,
        DNS: resolver(interface.vpc).packed,
        MTU: VPC_MTU.to_bytes(2, "big"),
        HOSTNAME: name.encode(),
        DOMAIN: domain.encode(),
    }


def _datagram(source: IPv4Address, target: IPv4Address, payload: bytes) -> bytes:
    size = 8 + len(payload)
    udp = struct.pack("!HHHH", SERVER, CLIENT, size, 0)  # no checksum: UDP over IPv4 may omit it
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0x10,
        20 + size,
        0,
        0,
        64,
        socket.IPPROTO_UDP,
        0,
        source.packed,
        target.packed,
    )
    total: int = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + (~total & 0xFFFF).to_bytes(2, "big") + head[12:] + udp + payload
