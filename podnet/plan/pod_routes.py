"""The routes of a stack's tables, as they are found: whose they are, and how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from podnet.plan import firewall
from podnet.plan.settings import Settings
from podnet.plan.vpc_routes import VpcRoute, is_unmanaged


@dataclass(frozen=True, kw_only=True, slots=True)
class PodRoutes:
    """The routes of the VPC's tables."""

    managed: int
    """Number of routes to the pod block of a node."""
    unmanaged: tuple[str, ...]
    """All others in the pod range, in words."""
    of_others: int
    """`Deployed.routes_of_others`."""
    removed: int
    """`Deployed.routes_removed`."""
    blocks: AbstractSet[IPv4Network]
    """Destinations of the stack's own routes."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        tables: Mapping[str, Iterable[VpcRoute]],
        live: AbstractSet[str],
        planned: AbstractSet[str],
    ) -> PodRoutes:
        """Those of the tables, by their ids; the addresses are those of live and planned nodes."""
        blocks = dict.fromkeys(filter(None, (_block(settings, each) for each in live | planned)))
        surplus = blocks.keys() - {_block(settings, each) for each in planned}
        expected = {*blocks, firewall.ANYWHERE}
        unmanaged: list[str] = []
        counts = [(0, 0)]
        managed = 0
        for table, routes in tables.items():
            of_others = removed = 0
            for route in routes:
                managed += route.destination in blocks
                removed += route.destination in surplus
                of_others += route.destination not in expected
                if is_unmanaged(route, settings.pod_cidr, blocks):
                    unmanaged.append(f"{route.destination} to {route.target} in {table}")
            counts.append((of_others, removed))
        of_others, removed = max(counts, key=sum)
        return cls(
            managed=managed,
            unmanaged=tuple(unmanaged),
            of_others=of_others,
            removed=removed,
            blocks=blocks.keys(),
        )


def _block(settings: Settings, address: str) -> IPv4Network | None:
    """The block of a node; None for one of a range that was changed."""
    try:
        return settings.addresses.block(IPv4Address(address))
    except ValueError:
        return None
