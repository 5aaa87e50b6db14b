"""Of a packet a capture has the headers, and no byte of what it carries."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.bundle import pcap

SECRET = b"planted-payload-planted-payload-planted-payload"
PORTS = frozenset((8472,))


def ethernet(payload, kind=pcap.IPV4):
    return bytes(12) + struct.pack(">H", kind) + payload


def ipv4(protocol, payload, fragment=0):
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20, 0, fragment, 64, protocol, 0, bytes(4), bytes(4)
    )
    return head + payload


def tcp(payload, words=8):
    return (
        struct.pack(">HHIIBBHHH", 1, 80, 0, 0, words << 4, 0, 0, 0, 0)
        + bytes(4 * words - 20)
        + payload
    )


def udp(payload, port=53):
    return struct.pack(">HHHH", 1, port, 8 + len(payload), 0) + payload


def gre(kind, flags=0):
    return struct.pack(">BBH", flags, 0, kind) + bytes(4 * (flags & 0xB0).bit_count())


ECHO = ethernet(ipv4(1, b"\x08\x00" + bytes(6) + SECRET))
FRAMES = {
    "tcp": (ethernet(ipv4(6, tcp(SECRET))), 14 + 20 + 32),
    "udp": (ethernet(ipv4(17, udp(SECRET))), 14 + 20 + 8),
    "icmp": (ECHO, 14 + 20 + 8),
    "an ICMP error": (ethernet(ipv4(1, b"\x03\x04" + bytes(6 + 28) + SECRET)), 14 + 20 + 8 + 28),
    "vxlan": (
        ethernet(ipv4(17, udp(bytes(8) + ethernet(ipv4(6, tcp(SECRET))), 8472))),
        14 + 20 + 8 + 8 + 14 + 20 + 32,
    ),
    "gre": (ethernet(ipv4(47, gre(pcap.IPV4) + ipv4(6, tcp(SECRET)))), 14 + 20 + 4 + 20 + 32),
    "gre with a key": (
        ethernet(ipv4(47, gre(pcap.IPV4, 0x20) + ipv4(17, udp(SECRET)))),
        14 + 20 + 8 + 20 + 8,
    ),
    "gre with all of its words": (
        ethernet(ipv4(47, gre(pcap.IPV4, 0xB0) + ipv4(6, tcp(SECRET)))),
        14 + 20 + 16 + 20 + 32,
    ),
    "gre with a frame": (
        ethernet(ipv4(47, gre(0x6558, 0x20) + ethernet(ipv4(6, tcp(SECRET))))),
        14 + 20 + 8 + 14 + 20 + 32,
    ),
    "gre of PPTP": (ethernet(ipv4(47, b"\x30\x01\x88\x0b" + bytes(8) + SECRET)), 14 + 20 + 12),
    "gre with what is unknown": (ethernet(ipv4(47, gre(0x8847) + SECRET)), 14 + 20 + 4),
    "another fragment": (ethernet(ipv4(6, SECRET, fragment=185)), 14 + 20),
    "vlan": (
        bytes(12) + b"\x81\x00\x00\x01\x08\x00" + ipv4(17, udp(SECRET)),
        18 + 20 + 8,
    ),
    "ipv6": (
        ethernet(bytes([0x60, 0, 0, 0, 0, 0, 17, 64]) + bytes(32) + udp(SECRET), 0x86DD),
        14 + 48,
    ),
    "arp": (ethernet(bytes(28), pcap.ARP), 14 + 28),
    "unknown": (ethernet(SECRET, 0x88B5), 14),
    "esp": (ethernet(ipv4(50, SECRET)), 14 + 20),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_headers_end_where_the_payload_begins(kind):
    frame, length = FRAMES[kind]
    stored = pcap.record(12.5, frame, PORTS)

    assert stored[16:] == frame[:length]
    assert struct.unpack("<IIII", stored[:16]) == (12, 500_000, length, len(frame))
    assert b"planted" not in stored


@given(st.binary(max_size=120))
def test_any_bytes_are_a_frame(frame):
    assert 0 <= pcap.headers(frame, PORTS) <= len(frame)
