"""The endpoints of a probe: addresses in network namespaces, of pods, nodes and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Container:
    """A process of the node in the network namespace of its pod."""

    name: str
    netns: Path
    """The namespace of the process, as a path on this machine; missing once it has ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A pod, a node itself, or another host of their VPC."""

    kind: Literal["pod", "node", "host"]
    name: str
    node: str
    address: IPv4Address
    netns: Path
    mtu: int
    """In bytes, of the interface with the address."""
    public_address: IPv4Address | None = None
    """The source address that an internet host must see; without one the internet is not asked."""
    containers: tuple[Container, ...] = ()


def labels(endpoints: Sequence[Endpoint]) -> list[str]:
    """A unique label for each endpoint: its name, or NODE/NAME where several share the name."""
    times = Counter(endpoint.name for endpoint in endpoints)
    found = [
        each.name if times[each.name] == 1 else f"{each.node}/{each.name}" for each in endpoints
    ]
    for label, count in Counter(found).items():
        if count > 1:
            raise ValueError(
                f"{count} endpoints are called {label}; a matrix could not distinguish them"
            )
    return found


def label_of(kind: str, node: str) -> str:
    """The name in a matrix of what stands for a node itself (`node`), or runs on it once."""
    return node if kind == "node" else f"{kind}-{node.removeprefix('node-')}"
