"""Who takes part in a probe: pods and nodes, as addresses in network namespaces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal

from lab.node import Node
from lab.pods import Container, Pod


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A pod, or a node itself."""

    kind: Literal["pod", "node"]
    name: str
    node: str
    address: IPv4Address
    netns: Path
    mtu: int
    """Of the interface with the address."""
    public_address: IPv4Address | None = None
    """What an internet host must see; the internet is not asked for an endpoint without one."""
    containers: tuple[Container, ...] = ()

    @classmethod
    def of_pod(cls, pod: Pod) -> Endpoint:
        """The endpoint of a pod; the internet sees it behind its node's public address."""
        return cls(
            kind="pod",
            name=pod.label or pod.name,
            node=pod.node.name,
            address=pod.address,
            netns=pod.netns,
            mtu=pod.mtu,
            public_address=pod.node.public_address,
            containers=pod.containers,
        )

    @classmethod
    def of_node(cls, node: Node) -> Endpoint:
        """The endpoint of a node; its MTU is asked of the kernel.

        A node that has lost its address gets MTU 0 here and its reason in every cell later.
        """
        links = json.loads(node.run("ip", "-json", "-4", "address", "show"))
        mtus = [
            link["mtu"]
            for link in links
            for entry in link["addr_info"]
            if entry.get("local") == str(node.address)
        ]
        return cls(
            kind="node",
            name=node.name,
            node=node.name,
            address=node.address,
            netns=node.netns,
            mtu=mtus[0] if mtus else 0,
            public_address=node.public_address,
        )


def labels(endpoints: Sequence[Endpoint]) -> list[str]:
    """What each endpoint is called: its name, with its node's where the name is not enough."""
    times = Counter(endpoint.name for endpoint in endpoints)
    found = [
        each.name if times[each.name] == 1 else f"{each.node}/{each.name}" for each in endpoints
    ]
    for label, count in Counter(found).items():
        if count > 1:
            raise ValueError(
                f"{count} endpoints are called {label}; a verdict could not tell "
                "which of them it means"
            )
    return found
