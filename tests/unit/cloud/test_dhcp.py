from __future__ import annotations

import struct

import pytest

from lab.cloud import dhcp

MAC = "020000000011"
NAME = "ip-192-168-1-11.eu-central-1.compute.internal"
ADDRESS = bytes([192, 168, 1, 11])
ROUTER = bytes([192, 168, 1, 1])


def request(kind, ciaddr=0, op=1, **more):
    chosen = {dhcp.KIND: bytes([kind])}
    chosen |= {getattr(dhcp, name): value for name, value in more.items()}
    head = dhcp.HEADER.pack(
        op, 1, 6, 0, 0xC0FFEE, 0, 0, ciaddr, 0, 0, 0, bytes.fromhex(MAC), b"", b"", dhcp.MAGIC
    )
    return (
        head
        + b"".join(bytes([code, len(value)]) + value for code, value in chosen.items())
        + b"\xff"
    )


def said(reply):
    """Message type, address given, and the options of a reply."""
    found = dhcp.options(reply[dhcp.HEADER.size :])
    return found[dhcp.KIND][0], reply[16:20], found


def test_an_offer_holds_the_address_of_the_interface_and_what_a_vpc_tells(instance):
    reply = dhcp.answer(request(dhcp.DISCOVER), instance().interfaces[0], NAME)
    kind, given, options = said(reply)

    assert (kind, given) == (dhcp.OFFER, ADDRESS)
    assert reply[4:8] == bytes.fromhex("00c0ffee")
    assert reply[28:34] == bytes.fromhex(MAC)
    assert {code: value for code, value in options.items() if code != dhcp.KIND} == {
        dhcp.SERVER_ID: ROUTER,
        dhcp.ROUTER: ROUTER,
        dhcp.MASK: bytes([255, 255, 255, 0]),
        dhcp.DNS: bytes([192, 168, 0, 2]),
        dhcp.MTU: (9001).to_bytes(2, "big"),
        dhcp.HOSTNAME: b"ip-192-168-1-11",
        dhcp.DOMAIN: b"eu-central-1.compute.internal",
        dhcp.LIFE: (3600).to_bytes(4, "big"),
    }


@pytest.mark.parametrize(
    ("packet", "kind", "given"),
    [
        (request(dhcp.REQUEST, WANTED=ADDRESS), dhcp.ACK, ADDRESS),
        (request(dhcp.REQUEST, ciaddr=int.from_bytes(ADDRESS, "big")), dhcp.ACK, ADDRESS),
        (request(dhcp.REQUEST, WANTED=bytes([192, 168, 1, 99])), dhcp.NAK, bytes(4)),
        (request(dhcp.INFORM, ciaddr=int.from_bytes(ADDRESS, "big")), dhcp.ACK, bytes(4)),
    ],
    ids=["first", "renewal", "other address", "inform"],
)
def test_a_request_is_granted_for_the_own_address_only(instance, packet, kind, given):
    answered = said(dhcp.answer(packet, instance().interfaces[0], NAME))

    assert answered[:2] == (kind, given)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"x" * 400,
        request(dhcp.DISCOVER, op=2),
        request(dhcp.OFFER),
        request(dhcp.REQUEST, WANTED=ADDRESS, SERVER_ID=bytes([192, 168, 1, 9])),
    ],
    ids=["empty", "noise", "reply", "offer", "to another server"],
)
def test_what_is_no_request_to_this_server_gets_no_answer(instance, packet):
    assert dhcp.answer(packet, instance().interfaces[0], NAME) is None


def test_the_datagram_on_the_wire_has_a_right_checksum(instance):
    interface = instance().interfaces[0]
    packet = dhcp._datagram(dhcp.router(interface.subnet), interface.address, b"payload")  # noqa: SLF001
    total = sum(struct.unpack("!10H", packet[:20]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)

    assert total == 0xFFFF
    assert (packet[12:16], packet[16:20], packet[28:]) == (ROUTER, ADDRESS, b"payload")
