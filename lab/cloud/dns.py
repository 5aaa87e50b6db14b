"""The resolver of a VPC: knows the names of its instances, and says at once what it does not know.

A resolver that does not answer costs an instance 15 s per name at boot.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import IPv4Address
from socketserver import BaseRequestHandler, UDPServer

PORT = 53
# RFC 1035: response, recursion desired as asked, recursion available.
RESPONSE, RECURSION_DESIRED, RECURSION_AVAILABLE = 0x8000, 0x0100, 0x0080
NXDOMAIN = 3
TYPE_A, CLASS_IN = 1, 1
TTL_SECONDS = 60
HEADER = 12


class DnsServer(UDPServer):
    """Listens where it is made: make it inside the namespace of the VPC."""

    allow_reuse_address = True

    def __init__(self, address: IPv4Address, find: Callable[[str], IPv4Address | None]) -> None:
        self.find = find
        super().__init__((str(address), PORT), _Handler)


class _Handler(BaseRequestHandler):
    server: DnsServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        packet, sock = self.request
        reply = answer(packet, self.server.find)
        if reply is not None:
            sock.sendto(reply, self.client_address)


def answer(packet: bytes, find: Callable[[str], IPv4Address | None]) -> bytes | None:
    """The reply to one query; None for what is not one."""
    if len(packet) < HEADER + 5:
        return None
    number, flags, questions = struct.unpack_from("!HHH", packet)
    if flags & RESPONSE or questions != 1:
        return None
    labels, end = _name(packet)
    if len(packet) < end + 4:
        return None
    question = packet[HEADER : end + 4]
    kind, of = struct.unpack_from("!HH", packet, end)
    address = find(b".".join(labels).decode("ascii", "replace").lower())
    said = RESPONSE | RECURSION_AVAILABLE | flags & RECURSION_DESIRED
    answers = b""
    if address is None:
        said |= NXDOMAIN
    elif (kind, of) == (TYPE_A, CLASS_IN):
        # 0xC00C points back at the name in the question.
        answers = struct.pack("!HHHIH", 0xC00C, TYPE_A, CLASS_IN, TTL_SECONDS, 4) + address.packed
    return struct.pack("!HHHHHH", number, said, 1, bool(answers), 0, 0) + question + answers


def _name(packet: bytes) -> tuple[list[bytes], int]:
    labels, at = [], HEADER
    while at < len(packet) and packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]])
        at += 1 + packet[at]
    return labels, at + 1
