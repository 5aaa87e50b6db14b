"""Routes that mode `vpc-routes` needs, against the quota of a route table."""

from __future__ import annotations

from dataclasses import dataclass

from podnet.plan.settings import Settings

CODE = "L-93826ACB"
"""Service Quotas' code for routes in a route table, of the service `vpc`."""
DEFAULT = 500
"""Routes in a route table where the account has asked for no more.

AWS General Reference, "Amazon Virtual Private Cloud endpoints and quotas", Routes per route table;
50 until June 2025 ("What's New: Amazon VPC raises default route table capacity").
"""
MOST = 1000
"""Routes in a route table that AWS grants on request (the same page)."""
BUILT_IN = 2
"""Routes that every table has anyway: within the VPC, and to the internet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteBudget:
    """The routes that a stack needs, and the quota."""

    nodes: int
    tables: int
    quota: int
    """Routes that one table may hold."""

    @classmethod
    def of(cls, settings: Settings, quota: int) -> RouteBudget:
        """The budget of a stack in mode `vpc-routes`."""
        return cls(nodes=settings.node_count, tables=settings.zones, quota=quota)

    @property
    def headroom(self) -> int:
        """Number of further nodes that fit; negative where these are too many."""
        return self.quota - BUILT_IN - self.nodes
