"""Machines for the fabric: port namespaces with an address, and packets between them."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from podnet.system.commands import run
from podnet.system.netns import NAMESPACES, inside

PATIENCE = 0.3  # the kernel delivers within the call that sends; this is for a busy machine
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE = 10, 2, 3
IP_RECVERR = 11
ETH_IP, ETH_ARP, ETH_ALL = 0x0800, 0x0806, 0x0003
ANY = "0.0.0.0"  # noqa: S104
BROADCAST = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Host:
    """A machine on the fabric, or any other namespace that sends and receives."""

    namespace: str
    address: IPv4Address
    mac: str = ""

    def ip(self, *commands: str) -> None:
        """Run `ip` commands in the machine."""
        run("ip", "-n", self.namespace, "-batch", "-", stdin="\n".join(commands) + "\n")

    def set(self, **values: int) -> None:
        """Set `net.ipv4` values of the machine."""

        def write() -> None:
            for name, value in values.items():
                Path(f"/proc/sys/net/ipv4/{name}").write_text(str(value))

        inside(NAMESPACES / self.namespace, write)

    def endpoint(self, kind: int, protocol: int = 0, family: int = socket.AF_INET) -> socket.socket:
        """A socket that lives in the machine."""
        endpoint = inside(
            NAMESPACES / self.namespace, lambda: socket.socket(family, kind, protocol)
        )
        endpoint.settimeout(PATIENCE)
        return endpoint

    @contextmanager
    def listening(
        self,
        port: int = 7,
        address: str = ANY,
        kind: int = socket.SOCK_DGRAM,
    ) -> Iterator[socket.socket]:
        """A server socket of the machine."""
        with self.endpoint(kind) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((address, port))
            if kind == socket.SOCK_STREAM:
                server.listen()
            yield server

    @contextmanager
    def wire(self, protocol: int = ETH_ALL) -> Iterator[socket.socket]:
        """The machine's side of the cable: whole frames, as they come in and go out."""
        with self.endpoint(socket.SOCK_RAW, socket.htons(protocol), socket.AF_PACKET) as cable:
            cable.bind(("eth0", protocol))
            yield cable


def heard(receiver: socket.socket, payload: bytes, patience: float = PATIENCE) -> str | None:
    """The address from which a datagram with this payload came, or None."""
    end = time.monotonic() + patience
    while (left := end - time.monotonic()) > 0 and select.select([receiver], [], [], left)[0]:
        data, sender = receiver.recvfrom(65535)
        if data == payload:
            return str(sender[0])
    return None


def udp(  # noqa: PLR0913
    sender: Host,
    receiver: Host,
    to: object = None,
    *,
    source: object = None,
    port: int = 7,
    size: int = 0,
) -> str | None:
    """Send a datagram; the source address that the receiver saw, or None if it saw nothing."""
    payload = os.urandom(8).ljust(size, b".")
    with receiver.listening(port) as server, sender.endpoint(socket.SOCK_DGRAM) as client:
        if source:
            client.bind((str(source), 0))
        try:
            client.sendto(payload, (str(to or receiver.address), port))
        except OSError:
            return None
        return heard(server, payload)


def udp_answered(
    sender: Host, receiver: Host, to: object = None, port: int = 7, at: object = ANY
) -> str | None:
    """Send a datagram and await its echo; the address that the receiver saw, or None.

    A receiver with several addresses must listen `at` one of them, or it answers from another.
    """
    payload = os.urandom(8)
    with receiver.listening(port, str(at)) as server, sender.endpoint(socket.SOCK_DGRAM) as client:
        client.connect((str(to or receiver.address), port))
        client.send(payload)
        try:
            data, peer = server.recvfrom(100)
            server.sendto(data, peer)
            return str(peer[0]) if client.recv(100) == payload else None
        except OSError:
            return None


def tcp(sender: Host, receiver: Host, to: object = None, port: int = 7) -> str | None:
    """Connect and exchange a byte; the address that the receiver saw, or None."""
    with (
        receiver.listening(port, kind=socket.SOCK_STREAM) as server,
        sender.endpoint(socket.SOCK_STREAM) as client,
    ):
        try:
            client.connect((str(to or receiver.address), port))
            accepted, peer = server.accept()
            with accepted:
                accepted.settimeout(PATIENCE)
                client.send(b"x")
                accepted.send(accepted.recv(1))
                return str(peer[0]) if client.recv(1) == b"x" else None
        except OSError:
            return None


def ping(sender: Host, to: object, *, size: int = 28, df: bool = False) -> bool:
    """Whether an echo request of this packet size is answered."""
    name = os.urandom(4)
    body = struct.pack("!BBH", 8, 0, 0) + name + b"\0" * (size - 28)
    padded = body + b"\0" * (len(body) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    with sender.endpoint(socket.SOCK_RAW, socket.IPPROTO_ICMP) as client:
        if df:
            client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        try:
            client.sendto(body[:2] + struct.pack("!H", checksum) + body[4:], (str(to), 0))
        except OSError:
            return False
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0 and select.select([client], [], [], left)[0]:
            data = client.recv(65535)
            if data[20] == 0 and data[24:28] == name:
                return True
    return False


def received(cable: socket.socket) -> list[bytes]:
    """The frames that came to the machine by now, without those it sent."""
    frames = []
    while select.select([cable], [], [], 0)[0]:
        data, (_, _, kind, *_) = cable.recvfrom(65535)
        if kind != socket.PACKET_OUTGOING:
            frames.append(data)
    return frames


def frame(destination: str, source: str, kind: int, payload: bytes) -> bytes:
    """An Ethernet frame."""
    return (
        bytes.fromhex(destination.replace(":", ""))
        + bytes.fromhex(source.replace(":", ""))
        + struct.pack("!H", kind)
        + payload
    )


def datagram(source: object, destination: object, payload: bytes, port: int = 7) -> bytes:
    """An IPv4 packet with a UDP datagram."""
    return packet(
        source, destination, struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    )


def packet(source: object, destination: object, body: bytes) -> bytes:
    """An IPv4 packet that claims to carry UDP."""
    head = struct.pack(
        "!BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(body),
        1,
        0,
        64,
        17,
        0,
        IPv4Address(source).packed,
        IPv4Address(destination).packed,
    )
    total = sum(struct.unpack("!10H", head))
    total = (total >> 16) + (total & 0xFFFF)
    return head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:] + body


def arp(operation: int, mac: str, sender: object, asked: object) -> bytes:
    """An ARP packet."""
    return (
        struct.pack("!HHBBH", 1, ETH_IP, 6, 4, operation)
        + bytes.fromhex(mac.replace(":", ""))
        + IPv4Address(sender).packed
        + bytes(6)
        + IPv4Address(asked).packed
    )


def who_has(host: Host, asked: object, sender: object = None) -> str | None:
    """Ask by ARP; the MAC in the answer, or None."""
    with host.wire(ETH_ARP) as cable:
        cable.send(
            frame(BROADCAST, host.mac, ETH_ARP, arp(1, host.mac, sender or host.address, asked))
        )
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0 and select.select([cable], [], [], left)[0]:
            answer = cable.recv(100)[14:]
            if answer[6:8] == b"\0\2" and answer[14:18] == IPv4Address(asked).packed:
                return answer[8:14].hex(":")
    return None
