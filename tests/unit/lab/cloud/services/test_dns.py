from __future__ import annotations

import struct
from ipaddress import IPv4Address

import pytest

from podnet.lab.cloud.services import dns

A, AAAA = 1, 28


def query(name, kind=A, flags=0x0100):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack("!HHHHHH", 7, flags, 1, 0, 0, 0) + labels + struct.pack("!HH", kind, 1)


def ask(packet):
    known = {"node.internal": IPv4Address("192.168.1.11")}
    return dns.answer(packet, known.get)


def test_a_known_name_has_its_address_in_any_spelling():
    reply = ask(query("Node.Internal"))

    assert struct.unpack_from("!HHHH", reply) == (7, 0x8180, 1, 1)
    assert reply[-4:] == bytes([192, 168, 1, 11])


def test_an_unknown_name_is_denied():
    reply = ask(query("deb.example.com"))

    assert struct.unpack_from("!HHHH", reply) == (7, 0x8183, 1, 0)


def test_a_known_name_has_no_other_kind_of_address():
    reply = ask(query("node.internal", AAAA))

    assert struct.unpack_from("!HHHH", reply) == (7, 0x8180, 1, 0)


@pytest.mark.parametrize(
    "packet",
    [b"", query("a", flags=0x8180), query("a.b")[:-3]],
    ids=["empty", "answer", "cut short"],
)
def test_what_is_no_query_gets_no_answer(packet):
    assert ask(packet) is None


def test_a_query_with_extensions_is_answered_as_one_without():
    # An OPT record of RFC 6891, as systemd-resolved adds it, and one that is cut short.
    plain = query("node.internal")
    option = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    extended = plain[:10] + b"\0\1" + plain[12:] + option

    assert ask(extended) == ask(plain)
    assert ask(extended[:-3]) == ask(plain)
