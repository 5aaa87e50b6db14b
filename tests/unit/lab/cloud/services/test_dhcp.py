from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv4Network

import pytest

from podnet.lab.cloud.services import dhcp
from podnet.world.model import Subnet

MAC = "020000000011"
ADDRESS = bytes([192, 168, 1, 11])
ROUTER = bytes([192, 168, 1, 1])
BINDING = dhcp.Binding(
    address=IPv4Address(ADDRESS),
    subnet=Subnet(
        id="subnet-1", vpc_id="vpc-1", cidr=IPv4Network("192.168.1.0/24"), zone="eu-central-1a"
    ),
    resolver=IPv4Address("192.168.0.2"),
    host_name="ip-192-168-1-11.eu-central-1.compute.internal",
)


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


def parsed(reply):
    """Message type, address given, and the options of a reply."""
    found = dhcp.options(reply[dhcp.HEADER.size :])
    return found[dhcp.KIND][0], reply[16:20], found


def test_an_offer_holds_the_address_of_the_interface_and_the_options_of_its_vpc():
    reply = dhcp.answer(request(dhcp.DISCOVER), BINDING)
    kind, given, options = parsed(reply)

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
def test_a_request_is_granted_for_the_clients_own_address_only(packet, kind, given):
    answered = parsed(dhcp.answer(packet, BINDING))

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
def test_a_packet_that_is_no_request_to_this_server_gets_no_reply(packet):
    assert dhcp.answer(packet, BINDING) is None


def test_the_datagram_on_the_wire_has_a_right_checksum():
    packet = dhcp._datagram(BINDING.subnet.router, BINDING.address, b"payload")  # noqa: SLF001
    total = sum(struct.unpack("!10H", packet[:20]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)

    assert total == 0xFFFF
    assert (packet[12:16], packet[16:20], packet[28:]) == (ROUTER, ADDRESS, b"payload")
