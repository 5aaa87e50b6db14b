"""Captures that hold headers and no payload, in the format of libpcap."""

from __future__ import annotations

import struct

# draft-ietf-opsawg-pcap, "PCAP Capture File Format": microseconds, little-endian.
MAGIC, ETHERNET, MOST = 0xA1B2C3D4, 1, 262144
FILE = struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, MOST, ETHERNET)
VLAN, IPV4, IPV6, ARP = 0x8100, 0x0800, 0x86DD, 0x0806
ICMP, TCP, UDP, GRE = 1, 6, 17, 47
FRAGMENT = 0x1FFF
QUOTED = 28
"""Bytes of the packet that an ICMP error quotes: its IP header and 8 more (RFC 792)."""
ERRORS = (3, 4, 5, 11, 12)
VXLAN_HEADER = 8
BRIDGED = 0x6558
"""What GRE says of an Ethernet frame that it carries (RFC 1701, section 3)."""


def record(when: float, frame: bytes, ports: frozenset[int]) -> bytes:
    """A frame as a record: its headers, and those of what GRE, or VXLAN at `ports`, carries."""
    kept = frame[: headers(frame, ports)]
    seconds = int(when)
    micros = int((when - seconds) * 1_000_000)
    return struct.pack("<IIII", seconds, micros, len(kept), len(frame)) + kept


def headers(frame: bytes, ports: frozenset[int]) -> int:
    """How many bytes of an Ethernet frame are headers; of what is not known, Ethernet's alone."""
    if len(frame) < 14:  # noqa: PLR2004  # two addresses and a type
        return len(frame)
    at, kind = 14, int.from_bytes(frame[12:14])
    if kind == VLAN:
        at, kind = 18, int.from_bytes(frame[16:18])
    return _network(frame, at, kind, ports)


def _network(frame: bytes, at: int, kind: int, ports: frozenset[int]) -> int:
    """The end of the headers of a packet that begins at `at`."""
    if kind == ARP:
        return min(len(frame), at + 28)
    if kind == IPV4 and len(frame) >= at + 20:
        length = (frame[at] & 0xF) * 4
        is_later = int.from_bytes(frame[at + 6 : at + 8]) & FRAGMENT
        after = at + length
        return min(len(frame), after if is_later else _upper(frame, after, frame[at + 9], ports))
    if kind == IPV6 and len(frame) >= at + 40:
        return min(len(frame), _upper(frame, at + 40, frame[at + 6], ports))
    return at


def _upper(frame: bytes, at: int, protocol: int, ports: frozenset[int]) -> int:
    """The end of the header that follows IP's."""
    if protocol == TCP and len(frame) > at + 12:
        return at + (frame[at + 12] >> 4) * 4
    if protocol == UDP and len(frame) >= at + 8:
        if int.from_bytes(frame[at + 2 : at + 4]) in ports:
            inner = at + 8 + VXLAN_HEADER
            return inner + headers(frame[inner:], ports)
        return at + 8
    if protocol == GRE and len(frame) >= at + 4:
        return _carried(frame, at, ports)
    if protocol == ICMP and len(frame) > at:
        return at + 8 + (QUOTED if frame[at] in ERRORS else 0)
    return at


def _carried(frame: bytes, at: int, ports: frozenset[int]) -> int:
    """The end of GRE's header and of what it carries (RFC 2784, 2890)."""
    flags, kind = frame[at], int.from_bytes(frame[at + 2 : at + 4])
    # A word each for checksum, key and sequence number.
    inner = at + 4 + 4 * (flags & 0xB0).bit_count()
    if frame[at + 1] & 7 or inner >= len(frame):
        # Another version, as PPTP's, has a header of its own.
        return min(len(frame), inner)
    if kind == BRIDGED:
        return inner + headers(frame[inner:], ports)
    return _network(frame, inner, kind, ports)
