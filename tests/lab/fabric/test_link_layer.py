import os
import struct
from ipaddress import IPv4Address

import pytest

from podnet.system.commands import run
from tests.lab.fabric.hosts import (
    ANY,
    BROADCAST,
    ETH_ARP,
    ETH_IP,
    arp,
    datagram,
    frame,
    packet,
    ping,
    received,
    udp,
    who_has,
)
from tests.lab.fabric.worlds import world

pytestmark = pytest.mark.lab

MULTICAST = "01:00:5e:00:00:05"
UNKNOWN = "02:00:00:99:99:99"


@pytest.fixture
def pair(lab):
    lab.apply(world())
    return lab.host("a1"), lab.host("a2")


def sent(sender, receiver, made):
    """Whether a frame with a payload of its own reached the receiver's cable."""
    payload = os.urandom(8)
    with receiver.wire() as cable, sender.wire() as out:
        out.send(made(payload))
        udp(sender, receiver)  # what was sent before has arrived once this has
        return any(payload in item for item in received(cable))


def test_a_frame_to_a_neighbours_mac_arrives(pair):
    one, other = pair

    assert sent(
        one,
        other,
        lambda data: frame(other.mac, one.mac, ETH_IP, datagram(one.address, other.address, data)),
    )


@pytest.mark.parametrize(
    ("mac", "to"),
    [
        (BROADCAST, "255.255.255.255"),
        (BROADCAST, "192.168.1.255"),
        (BROADCAST, "192.168.1.12"),
        (MULTICAST, "224.0.0.5"),
        (MULTICAST, "192.168.1.12"),
        (UNKNOWN, "192.168.1.12"),
    ],
    ids=[
        "broadcast",
        "subnet broadcast",
        "unicast in a broadcast frame",
        "multicast",
        "unicast in a multicast frame",
        "unknown MAC",
    ],
)
def test_a_frame_to_nobodys_mac_reaches_nobody(pair, mac, to):
    one, other = pair

    assert not sent(
        one, other, lambda data: frame(mac, one.mac, ETH_IP, datagram(one.address, to, data))
    )


def test_a_dhcp_request_reaches_no_other_machine(pair):
    one, other = pair
    head = struct.pack("!HHHH", 68, 67, 16, 0)

    assert not sent(
        one,
        other,
        lambda data: frame(
            BROADCAST,
            one.mac,
            ETH_IP,
            packet(
                ANY,
                "255.255.255.255",
                head + data,
            ),
        ),
    )


@pytest.mark.parametrize("to", ["255.255.255.255", "224.0.0.5"], ids=["broadcast", "multicast"])
def test_no_packet_to_many_in_a_frame_to_one(pair, to):
    one, other = pair

    assert not sent(
        one, other, lambda data: frame(other.mac, one.mac, ETH_IP, datagram(one.address, to, data))
    )


@pytest.mark.parametrize("source", ["02:00:00:01:01:02", UNKNOWN], ids=["neighbour's", "made up"])
def test_a_spoofed_source_mac_is_dropped(pair, source):
    one, other = pair

    assert not sent(
        one,
        other,
        lambda data: frame(other.mac, source, ETH_IP, datagram(one.address, other.address, data)),
    )


def test_only_ipv4_and_arp_are_carried(pair):
    one, other = pair
    inner = datagram(one.address, other.address, b"")

    assert not sent(one, other, lambda data: frame(other.mac, one.mac, 0x88B5, inner + data))
    assert not sent(
        one,
        other,
        lambda data: frame(
            other.mac, one.mac, 0x8100, struct.pack("!HH", 7, ETH_IP) + inner + data
        ),
    )


def test_arp_is_answered_for_interfaces_and_the_router_only(lab):
    lab.apply(world())
    one = lab.host("a1")
    lab.host("a2").ip("link set eth0 down")
    answers = {
        address: who_has(one, address)
        for address in (
            "192.168.1.12",
            "192.168.1.13",
            "192.168.1.1",
            "192.168.1.11",
            "192.168.1.99",
            "192.168.2.11",
            "10.1.1.1",
        )
    }

    assert answers == {
        "192.168.1.12": lab.host("a2").mac,
        "192.168.1.13": lab.host("a3").mac,
        "192.168.1.1": "02:70:6e:01:00:01",
        "192.168.1.11": None,
        "192.168.1.99": None,
        "192.168.2.11": None,
        "10.1.1.1": None,
    }


def test_arp_is_answered_whatever_address_of_the_machine_asks(pair):
    one, other = pair

    assert who_has(one, other.address, "10.1.1.5") == other.mac
    assert who_has(one, other.address, ANY) == other.mac, "a probe for a conflict"


@pytest.mark.parametrize("to", [BROADCAST, "02:00:00:01:01:02"], ids=["broadcast", "unicast"])
def test_no_arp_reaches_another_machine(pair, to):
    one, other = pair
    forged = IPv4Address("192.168.1.13")
    ping(one, other.address)
    with other.wire(ETH_ARP) as cable, one.wire() as out:
        for operation in (1, 2):
            out.send(frame(to, one.mac, ETH_ARP, arp(operation, one.mac, forged, other.address)))
        udp(one, other)
        senders = {item[28:32] for item in received(cable)}

    assert forged.packed not in senders


def test_machines_find_each_other_again_after_their_caches_are_emptied(pair):
    one, other = pair
    for host in pair:
        host.ip("neighbour flush all")

    assert ping(one, other.address)


def test_frames_of_9001_bytes_pass_and_longer_ones_do_not(lab):
    lab.apply(world())
    one = lab.host("a1")

    for name in ("a2", "b1"):
        assert ping(one, lab.host(name).address, size=9001, df=True)
        assert not ping(one, lab.host(name).address, size=9002, df=True)
    one.ip("link set eth0 mtu 9500")
    for name in ("a2", "b1"):
        assert not ping(one, lab.host(name).address, size=9002, df=True)


def test_the_router_finds_a_machine_whose_neighbour_entry_was_lost(make_lab):
    """A DHCP server turns the router's permanent entry into a learnt one, which can age."""
    lab = make_lab()
    lab.apply(world())
    one, other = lab.host("a1"), lab.host("b1")
    run("ip", "-n", lab.vpc(), "neighbour", "delete", str(other.address), "dev", "br-00010002")

    with other.wire(ETH_ARP) as cable:
        assert udp(one, other)
        assert received(cable), "the router asked"
