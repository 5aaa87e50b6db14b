"""A query to a DNS server as a packet, and what its response says: pure."""

from __future__ import annotations

from ipaddress import IPv4Address

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype


def question(number: int, name: str) -> bytes:
    """A query with this identifier (16 bits) for the IPv4 addresses of a name."""
    return dns.message.make_query(name, dns.rdatatype.A, id=number).to_wire()


def addresses(number: int, packet: bytes) -> list[IPv4Address] | None:
    """The addresses in the response to this query; an empty list if there is no such name.

    None in place of a list for the response to another query. Raises `ValueError` for a packet
    that is not a whole response, and for a response that reports a failure.
    """
    try:
        message = dns.message.from_wire(packet, ignore_trailing=True)
    except dns.exception.DNSException as error:
        raise ValueError(f"the answer is cut short: {error}") from error
    if message.id != number or not message.flags & dns.flags.QR:
        return None
    if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise ValueError(f"the server answered with code {int(message.rcode())}")
    return [
        IPv4Address(record.address)
        for records in message.answer
        if (records.rdclass, records.rdtype) == (dns.rdataclass.IN, dns.rdatatype.A)
        for record in records
    ]
