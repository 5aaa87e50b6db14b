"""The list of questions of a probe: pure, from its endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import permutations
from pathlib import Path

from podnet.probe.endpoint import Endpoint
from podnet.probe.matrix import METADATA, PAIR_CHECKS, Check

LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class NetnsAddress:
    """An address in a network namespace, where the probe sends or listens."""

    label: str
    netns: Path
    address: IPv4Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Checks from one place to another, asked together."""

    source: NetnsAddress
    to: str
    """The name of the target in the matrix."""
    checks: tuple[Check, ...]
    target: NetnsAddress | None = None
    """The address of the receiver; None for a service that is not the probe's."""
    mtu: int = 0
    """The largest IP packet that must arrive, in bytes, for the check of the MTU."""
    expected_source: IPv4Address | None = None
    """The source address that the receiver must see, where it is not the sender's own."""
    allowed: bool = False
    """True where the metadata service must be reachable, for the check of it."""


def questions(
    endpoints: Mapping[str, Endpoint], internet: NetnsAddress | None, node: str | None = None
) -> Iterator[Question]:
    """Every question about these endpoints, keyed by label; with a node, those that it sends.

    No endpoint is asked for itself, nor for another of its own address, as pods in the network of
    their node are: a packet to one's own address stays on one's own loopback and says nothing of
    the network.
    """
    addresses = {
        label: NetnsAddress(label, each.netns, each.address) for label, each in endpoints.items()
    }
    senders = {label: each for label, each in endpoints.items() if node in (None, each.node)}
    # First the question whose right answer is silence, so that the rest is asked meanwhile.
    for label, each in senders.items():
        yield Question(
            source=addresses[label],
            to=METADATA,
            checks=(Check.METADATA,),
            allowed=each.kind == "node",
        )
    for label, each in senders.items():
        if internet is not None and each.public_address is not None:
            yield Question(
                source=addresses[label],
                to=internet.label,
                checks=(Check.INTERNET,),
                target=internet,
                expected_source=each.public_address,
            )
        containers = [
            NetnsAddress(f"{label}/{container.name}", container.netns, LOOPBACK)
            for container in each.containers
        ]
        for container, other in permutations(containers, 2):
            yield Question(
                source=container, to=other.label, checks=(Check.LOCALHOST,), target=other
            )
    for one, two in permutations(endpoints, 2):
        if one not in senders or endpoints[one].address == endpoints[two].address:
            continue
        yield Question(
            source=addresses[one],
            to=two,
            checks=PAIR_CHECKS,
            target=addresses[two],
            mtu=_mtu_between(endpoints[one], endpoints[two]),
        )


def _mtu_between(one: Endpoint, two: Endpoint) -> int:
    """The largest packet that these two exchange, in bytes.

    A pod and its own node meet on the node's bridge, whose MTU is the pods'; the node's link has
    no part in it.
    """
    if one.node == two.node and one.kind != two.kind:
        return one.mtu if one.kind == "pod" else two.mtu
    return min(one.mtu, two.mtu)
