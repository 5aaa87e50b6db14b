"""Packets that belong to no connection, which the kernel does not translate."""

import socket
import struct
import time
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from switch import INTERNET, RESOLVER, socket_in

pytestmark = pytest.mark.lab

NODE, POD = "192.168.1.11", "10.1.1.2"
FIN, SYN, RST, PUSH, ACK, URGENT = (1 << bit for bit in range(6))
EVERY_FRAME = 3
FAR = 1 << 30


class Heard(NamedTuple):
    """A TCP segment on the wire."""

    source: str
    flags: int
    number: int
    acknowledged: int


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def segment(source, target, flags, number=0, acknowledged=0):
    """A TCP segment between two (address, port), with the header of IP."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    words = (source[1], target[1], number, acknowledged, 5 << 4, flags, 1024)
    tcp = struct.pack("!HHIIBBHHH", *words, 0, 0)
    total = checksum(addresses + struct.pack("!HH", 6, len(tcp)) + tcp)
    tcp = struct.pack("!HHIIBBHHH", *words, total, 0)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses + tcp


def send(namespace, packet):
    with socket_in(namespace, kind=socket.SOCK_RAW, protocol=socket.IPPROTO_RAW) as raw:
        # The kernel fills in the checksum of the IP header (raw(7)).
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        raw.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


@contextmanager
def heard(namespace):
    """The TCP segments on the wire while the block runs."""
    found = []
    with socket_in(namespace, socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("eth0", EVERY_FRAME))
        wire.settimeout(0.3)
        yield found
        try:
            while True:
                frame = wire.recv(2048)
                if frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_TCP:
                    numbers = struct.unpack("!LL", frame[38:46])
                    found.append(Heard(socket.inet_ntoa(frame[26:30]), frame[47], *numbers))
        except TimeoutError:
            pass


@contextmanager
def connected(machine, pod):
    """A masqueraded connection of a pod: its end, and the one that the internet has."""
    with (
        socket_in(machine.vpc, kind=socket.SOCK_STREAM) as listener,
        socket_in(pod, kind=socket.SOCK_STREAM) as end,
    ):
        listener.bind((INTERNET, 0))
        listener.listen()
        end.settimeout(5)
        end.connect(listener.getsockname())
        other, peer = listener.accept()
        with other:
            other.settimeout(5)
            assert peer[0] == NODE
            yield end, other


def works(end, other):
    try:
        end.sendall(b"question")
        other.sendall(other.recv(64))
        return end.recv(64) == b"question"
    except ConnectionResetError:
        return False


def outside_the_window(namespace, sender, receiver):
    """The numbers of a segment above the window of a connection, whose next one is heard for it.

    The first sequence number is random, and of what is below the window conntrack says that it
    was acknowledged before, not that it is invalid (tcp_in_window in
    net/netfilter/nf_conntrack_proto_tcp.c).
    """
    with heard(namespace) as wire:
        sender.sendall(b"question")
        receiver.recv(64)
    sent = next(each for each in wire if each.flags & PUSH)
    return (sent.number + FAR) % (1 << 32), sent.acknowledged


def leaks(machine, pod):
    """What leaves the node with the pod's address, by what the pod sends outside."""
    found = []
    with connected(machine, pod) as (end, other):
        flow = end.getsockname(), end.getpeername()
        numbers = outside_the_window(machine.vpc, end, other)
        packets = {
            "a reset of no connection": segment((POD, 4444), (INTERNET, 80), RST),
            "SYN and FIN": segment((POD, 4445), (INTERNET, 80), SYN | FIN),
            "every flag": segment((POD, 4446), (INTERNET, 80), FIN | SYN | RST | PUSH | ACK),
            "no flag": segment((POD, 4447), (INTERNET, 80), 0),
            "outside the window": segment(*flow, ACK | PUSH, *numbers),
            "a reset for the resolver": segment((POD, 4448), (RESOLVER, 53), RST),
        }
        for name, packet in packets.items():
            with heard(machine.vpc) as wire:
                send(pod, packet)
            found += [name] if any(each.source == POD for each in wire) else []
        found += [] if works(end, other) else ["the reset that the internet answers to the pod"]
    return found


def test_no_packet_of_a_pod_leaves_its_node_with_the_pods_address(machine, running, pods):
    assert leaks(machine, pods[POD]) == []

    running.kill()
    machine.run("nft", "flush", "chain", "inet", "podnet", "stray")

    assert len(leaks(machine, pods[POD])) == 7


def test_a_packet_of_no_connection_passes_between_pods(machine, pods):
    machine.network.ip("address", "add", "10.1.2.2/32", "dev", "eth0")
    with heard(machine.vpc) as wire:
        send(pods[POD], segment((POD, 4444), ("10.1.2.2", 80), RST))

    assert (POD, RST) in [(each.source, each.flags) for each in wire]


def test_a_packet_outside_the_window_ends_no_connection_of_a_pod(machine, running, pods):
    def resets():
        with connected(machine, pods[POD]) as (end, other):
            numbers = outside_the_window(machine.vpc, other, end)
            with heard(machine.vpc) as wire:
                send(
                    machine.vpc,
                    segment(end.getpeername(), other.getpeername(), ACK | PUSH, *numbers),
                )
                time.sleep(0.1)
            return [each for each in wire if each.source == NODE and each.flags & RST]

    assert resets() == []

    running.kill()
    machine.run("nft", "flush", "chain", "inet", "podnet", "invalid")

    assert resets() != []
