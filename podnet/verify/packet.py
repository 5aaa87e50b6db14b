"""Packets on paper: what they are, which way they take, and why one is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from podnet.plan.node_network import VPC_MTU


class Cause(StrEnum):
    """What drops a packet."""

    SOURCE_CHECK = "source-check"
    DESTINATION_CHECK = "destination-check"
    EGRESS = "egress"
    INGRESS = "ingress"
    NO_ROUTE = "no-route"
    BLACKHOLE = "blackhole"
    NO_INTERFACE = "no-interface"
    STOPPED = "stopped"
    NO_PUBLIC_ADDRESS = "no-public-address"
    NOT_FORWARDED = "not-forwarded"
    LOOP = "loop"
    NO_DEVICE = "no-device"
    NO_PEER = "no-peer"
    NOT_MODELLED = "not-modelled"
    """Nobody knows: something that is not modelled decides."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Packets of one protocol between two ranges, all of which are treated alike."""

    source: IPv4Network
    destination: IPv4Network
    protocol: str
    """tcp, udp, icmp or gre."""
    port: int | None = None
    """The destination port, or the ICMP type; None for all ports."""

    def reply(self, seen: IPv4Network) -> Packet:
        """What the receiver answers to the source that it saw."""
        return replace(self, source=self.destination, destination=seen)

    def __str__(self) -> str:
        return f"{host(self.source)} to {host(self.destination)}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a packet: where it is, and what happens to it there."""

    place: str
    action: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Where a packet ends, why, and what would let it pass."""

    cause: Cause
    place: str
    reason: str
    fix: str


class DroppedError(Exception):
    """Ends the walk of a packet."""

    def __init__(self, cause: Cause, place: str, reason: str, fix: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.drop = Drop(cause, place, reason, fix)


@dataclass(slots=True)
class Way:
    """The way of one packet, while it is walked."""

    hops: list[Hop] = field(default_factory=list)
    mtu: int = VPC_MTU
    """The largest packet that every link so far takes, in bytes, as the sender counts them."""
    is_reply: bool = False
    tracked: frozenset[str] = frozenset()
    """Interfaces whose security groups let replies pass, since the packet that they answer did."""
    passed: set[str] = field(default_factory=set)
    """Interfaces that this packet passed, not encapsulated."""

    def note(self, place: str, action: str) -> None:
        """Add a hop."""
        self.hops.append(Hop(place, action))

    def limit(self, mtu: int) -> None:
        """Take a link with this MTU."""
        self.mtu = min(self.mtu, mtu)


def single(address: IPv4Address) -> IPv4Network:
    """The range of one address."""
    return IPv4Network(address)


def host(network: IPv4Network) -> str:
    """A range in words: an address alone where it has only one."""
    return str(network[0]) if network.num_addresses == 1 else str(network)
