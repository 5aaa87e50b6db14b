"""Whether the route tables of a VPC can hold what `vpc-routes` puts into them."""

from __future__ import annotations

from dataclasses import dataclass

from plan.rules.modes import MOST_FLAT_NODES
from plan.settings import Settings

CODE = "L-93826ACB"
"""Service Quotas' code for routes in a route table, of the service `vpc`."""
DEFAULT = 500
"""Routes in a route table where the account has asked for no more (AWS, June 2025)."""
FIXED = 2
"""Routes that every table has anyway: within the VPC, and to the internet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The routes that a stack needs, beside what it may have."""

    nodes: int
    tables: int
    quota: int
    """Routes that one table may hold."""

    @classmethod
    def of(cls, settings: Settings, quota: int) -> Routes:
        """The routes of a stack in mode `vpc-routes`."""
        return cls(nodes=settings.node_count, tables=settings.zones, quota=quota)

    @property
    def headroom(self) -> int:
        """How many nodes more would fit; less than nothing where these are too many."""
        return self.quota - FIXED - self.nodes

    def count(self) -> str:
        """The count, the quota and the headroom in words."""
        tables = "1 route table" if self.tables == 1 else f"{self.tables} route tables"
        return (
            f"vpc-routes puts {self.nodes * self.tables} pod routes into {tables}; with "
            f"{FIXED} of its own a table holds {self.nodes + FIXED} of at most {self.quota} "
            f"(quota {CODE}), "
            + (
                f"room for {self.headroom} nodes more"
                if self.headroom >= 0
                else f"{-self.headroom} too many"
            )
        )

    def excess(self) -> str:
        """What to do about too many, in words."""
        fitting = [
            *(["host-gw"] if self.tables == 1 else []),
            "overlay",
            *(["l2"] if self.nodes <= MOST_FLAT_NODES else []),
        ]
        return (
            f"podnet:nodeCount {self.nodes} is more than the route quota takes: {self.count()}. "
            f"Use at most {max(0, self.quota - FIXED)} nodes, or podnet:routing "
            f"{' or '.join(fitting)}, which {'needs' if len(fitting) == 1 else 'need'} no routes "
            "of the VPC, or ask AWS for more (at most 1000) and, while Service Quotas does not "
            "show it yet, set podnet:ignoreRouteQuota to true"
        )
