"""State of a stack as found in the cloud, and which part of it is outdated or unmanaged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Protocol

from podnet.plan.routing import Routing, Variant

LIVE_STATES = ["pending", "running", "stopping", "stopped"]
"""States of an instance that is not terminated, and that holds its address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """A stack as found in the cloud; by default nothing of it exists."""

    routing: Variant | None = None
    """Routing that all nodes last applied, where it is known."""
    routing_differs: bool = False
    """Whether nodes may have another routing than the settings ask for."""
    stale_resources: tuple[str, ...] = ()
    """Firewall rules and routes that only another routing needs."""
    vxlan_differs: bool = False
    """Whether nodes may have another `vni` or `vxlanPort` than the settings ask for."""
    reusable: frozenset[str] = frozenset()
    """Names of existing nodes that were created for this network."""
    outdated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `outdated` returns, by the name of each reusable node that has something outdated."""
    unmanaged_routes: tuple[str, ...] = ()
    """Routes of the VPC for which `is_unmanaged` holds, in words."""


class Created(Protocol):
    """What distinguishes a node created now from one created before."""

    @property
    def version(self) -> str:
        """Version of the files in user data."""
        ...

    @property
    def image_id(self) -> str:
        """Machine image."""
        ...

    @property
    def instance_type(self) -> str:
        """EC2 instance type."""
        ...


def outdated(record: Created, template: Created) -> tuple[str, ...]:
    """What of a node differs from a node created now, in words: files, image, instance type."""
    differs = {
        "files": record.version != template.version,
        "image": record.image_id != template.image_id,
        "instance type": record.instance_type != template.instance_type,
    }
    return tuple(what for what, is_different in differs.items() if is_different)


@dataclass(frozen=True, kw_only=True, slots=True)
class VpcRoute:
    """One route of a route table."""

    destination: IPv4Network
    target: str
    """Id of a network interface or gateway."""


def is_unmanaged(
    route: VpcRoute,
    pods: IPv4Network,
    blocks: Mapping[IPv4Network, Collection[str] | None],
) -> bool:
    """Whether a route in the pod range is not one that podnet creates.

    `blocks` holds the pod block of each node, with the ids of the node's network interfaces where
    these are known.
    """
    if not route.destination.subnet_of(pods):
        return False
    if route.destination not in blocks:
        return True
    interfaces = blocks[route.destination]
    return interfaces is not None and route.target not in interfaces


def tag_patterns(routing: Routing) -> tuple[str, ...]:
    """Patterns of all routing tags with the VXLAN numbers of this one; a star is a wildcard."""
    numbers = f"* vni={routing.vni} port={routing.port}"
    return numbers, f"{numbers} checksum=off"
