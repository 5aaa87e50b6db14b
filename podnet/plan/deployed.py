"""State of a stack as found in the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from podnet.plan.blackholes import Blackholes
from podnet.plan.policy_objects import Found
from podnet.plan.routing import Routing, Variant
from podnet.plan.unmanaged_rules import FoundRule
from podnet.plan.vpc_routes import VpcRoute

LIVE_STATES = ["pending", "running", "stopping", "stopped"]
"""States of an instance that is not terminated, and that holds its address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """A stack as found in the cloud; by default nothing of it exists."""

    routing: Variant | None = None
    """Routing that all nodes last applied, where it is known."""
    routing_differs: bool = False
    """Whether nodes may have another routing than the settings ask for."""
    said: Mapping[str, str] = field(default_factory=dict)
    """What nodes have said of their routing, by name, where that may be outdated."""
    stale_resources: tuple[str, ...] = ()
    """Firewall rules and routes that only another routing needs."""
    vxlan_differs: bool = False
    """Whether nodes may have another `vni` or `vxlanPort` than the settings ask for."""
    vni_differs: bool = False
    """Whether they may have another `vni`, which is the key of GRE too."""
    reusable: frozenset[str] = frozenset()
    """Names of existing nodes that were created for this network."""
    present: frozenset[str] = frozenset()
    """Names of planned nodes that have an instance, whatever network it was created for."""
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Ids of the stopped instances, by the name of the node."""
    absent: tuple[str, ...] = ()
    """Names of planned nodes that have no instance, where others have one."""
    outdated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `outdated` returns, by the name of each reusable node that has something outdated."""
    updated: tuple[str, ...] = ()
    """Names of the reusable nodes that are assigned another release than the wanted one."""
    unmanaged_routes: tuple[str, ...] = ()
    """Routes of the VPC for which `is_unmanaged` holds, in words."""
    blackholes: Blackholes = field(default_factory=Blackholes)
    """Routes without a target, and those that lose it by this deployment."""
    routes_of_others: int = 0
    """Routes to neither the internet nor a node, in the table that has the most of them."""
    routes_removed: int = 0
    """Routes of the same table to nodes that are planned no more."""
    occupied: Mapping[str, str] = field(default_factory=dict)
    """Owners, in words, of addresses of the node ranges that are no node's, by address."""
    tables: Mapping[str, tuple[VpcRoute, ...]] = field(default_factory=dict)
    """The routes of the stack's route tables, by their ids, but for those within the VPC."""
    unmanaged_rules: tuple[FoundRule, ...] = ()
    """Rules in the nodes' security group that are not the stack's."""
    network_policies: Found = field(default_factory=Found)
    """The NetworkPolicy objects of its cluster and their engine."""
    vpcs: frozenset[str] = frozenset()
    """The VPCs of the stack, with nodes, that have the range which the settings ask for."""


def tag_patterns(routing: Routing) -> tuple[str, ...]:
    """Patterns of all routing tags with the VXLAN numbers of this one; a star is a wildcard."""
    numbers = f"* vni={routing.vni} port={routing.port}"
    return numbers, f"{numbers} checksum=off"


def vni_pattern(routing: Routing) -> str:
    """The pattern of all routing tags with the `vni` of this one, which GRE has for its key."""
    return f"* vni={routing.vni} port=*"
