"""What a probe asks of whom: pure, from the endpoints to the list of questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import permutations
from pathlib import Path

from lab.probe.endpoint import Endpoint
from lab.probe.matrix import METADATA, PAIR_CHECKS, Check

LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class Place:
    """An address in a namespace, where something sends or listens."""

    label: str
    netns: Path
    address: IPv4Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Checks from one place to another, asked together."""

    source: Place
    to: str
    """How the verdict calls the target."""
    checks: tuple[Check, ...]
    target: Place | None = None
    """Where a receiver of the probe listens; None for a service that is not the probe's."""
    full: int = 0
    """Size of the largest packet that must arrive, for the check of the MTU."""
    seen: IPv4Address | None = None
    """Source address the receiver must see, where it is not the sender's own."""
    allowed: bool = False
    """Whether the service may be reached, for the check of the metadata service."""


def questions(endpoints: Mapping[str, Endpoint], internet: Place | None) -> Iterator[Question]:
    """Every question about these endpoints, keyed by label.

    No endpoint is asked for itself, nor for another of its own address, as pods in the network of
    their node are: a packet to one's own address stays on one's own loopback and says nothing of
    the network.
    """
    places = {label: Place(label, each.netns, each.address) for label, each in endpoints.items()}
    # First the question whose right answer is silence, so that the rest is asked meanwhile.
    for label, each in endpoints.items():
        yield Question(
            source=places[label], to=METADATA, checks=(Check.METADATA,), allowed=each.kind == "node"
        )
    for label, each in endpoints.items():
        if internet is not None and each.public_address is not None:
            yield Question(
                source=places[label],
                to=internet.label,
                checks=(Check.INTERNET,),
                target=internet,
                seen=each.public_address,
            )
        containers = [
            Place(f"{label}/{container.name}", container.netns, LOOPBACK)
            for container in each.containers
        ]
        for container, other in permutations(containers, 2):
            yield Question(
                source=container, to=other.label, checks=(Check.LOCALHOST,), target=other
            )
    for one, two in permutations(endpoints, 2):
        if endpoints[one].address == endpoints[two].address:
            continue
        yield Question(
            source=places[one],
            to=two,
            checks=PAIR_CHECKS,
            target=places[two],
            full=_full(endpoints[one], endpoints[two]),
        )


def _full(one: Endpoint, two: Endpoint) -> int:
    """Length of the largest packet between these two, in bytes.

    A pod and its own node meet on the node's bridge, whose MTU is the pods'; the node's link has
    no part in it.
    """
    if one.node == two.node and one.kind != two.kind:
        return one.mtu if one.kind == "pod" else two.mtu
    return min(one.mtu, two.mtu)
