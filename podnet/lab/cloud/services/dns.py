"""The resolver of a VPC: it answers for the names of its instances, and denies all others at once.

A resolver that does not answer costs an instance 15 s per name at boot.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from socketserver import BaseRequestHandler, UDPServer

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

PORT = 53
TTL_SECONDS = 60


class DnsServer(UDPServer):
    """Must be constructed inside the VPC's namespace, where it then listens."""

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
    """The response to one query; None for a packet that is not one."""
    try:
        # The other sections of a query (EDNS, cookies) change nothing of the answer.
        query = dns.message.from_wire(packet, question_only=True)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR or len(query.question) != 1:
        return None
    asked = query.question[0]
    address = find(asked.name.to_text(omit_final_dot=True).lower())
    response = dns.message.make_response(query, recursion_available=True)
    if address is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif (asked.rdclass, asked.rdtype) == (dns.rdataclass.IN, dns.rdatatype.A):
        record = dns.rrset.from_text(asked.name, TTL_SECONDS, "IN", "A", str(address))
        response.answer.append(record)
    return response.to_wire()
