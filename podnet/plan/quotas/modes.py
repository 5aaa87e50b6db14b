"""Which routing modes hold as many nodes as are wanted, and what the others lack.

Addresses and pod blocks are the same in every mode; settings without enough of them are refused
before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from podnet.plan.problem import Remark
from podnet.plan.quotas.need import Need
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.validation.modes import MAX_L2_NODES
from podnet.plan.validation.ranges import SMALLEST_SUBNET


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """Whether a routing mode holds the nodes that are wanted."""

    mode: RoutingMode
    lack: str = ""
    """Why it does not, in words; empty where it does."""
    is_by_count: bool = False
    """Whether it would with fewer nodes."""
    condition: str = ""
    """What goes with a change to the mode, in words."""

    def __str__(self) -> str:
        notes = self.lack or self.condition
        return f"{self.mode} ({notes})" if notes else str(self.mode)


def holdings(settings: Settings, routes: Need, limit: int) -> tuple[Holding, ...]:
    """All modes; `routes` is what vpc-routes takes of the quota of routes a table, the `limit`."""
    lack = "" if routes.left(limit) >= 0 else _too_many(routes, limit)
    by_routes = Holding(mode=RoutingMode.VPC_ROUTES, lack=lack, is_by_count=bool(lack))
    return (_changed(settings, by_routes), *without_routes(settings))


def without_routes(settings: Settings) -> tuple[Holding, ...]:
    """The modes that need no routes of the VPC; Flannel only where there is a cluster for it."""
    host_gw = Holding(mode=RoutingMode.HOST_GW, lack="takes 1 zone" if settings.zones > 1 else "")
    found = [host_gw, Holding(mode=RoutingMode.OVERLAY), _l2(settings)]
    if settings.preset:
        found.append(Holding(mode=RoutingMode.EXTERNAL))
    if settings.has_cluster:
        found.append(Holding(mode=RoutingMode.FLANNEL))
    return tuple(_changed(settings, one) for one in found)


def _too_many(routes: Need, limit: int) -> str:
    quota, needed = routes.quota, routes.peak + routes.elsewhere
    raised = ""
    if quota.most:
        to_no_more = "" if needed <= quota.most else "no more than "
        raised = f", which AWS raises to {to_no_more}{quota.most:,} on request"
    return (
        f"needs {needed:,} {quota.counted}, {-routes.left(limit):,} more than the {limit:,} of the "
        f"quota {quota.service}/{quota.code}{raised}"
    )


def remark(settings: Settings, found: Sequence[Holding]) -> Remark | None:
    """Where the number of nodes rules out a mode; None where it does not."""
    if not any(one.is_by_count for one in found):
        return None
    nodes = sum(settings.counts)
    held = ", ".join(str(one) for one in found if not one.lack)
    others = ", ".join(str(one) for one in found if one.lack)
    return Remark(
        rule="modes-that-hold",
        text=f"routing modes that hold {nodes:,} nodes: {held}; that do not: {others}",
    )


def _l2(settings: Settings) -> Holding:
    """A broadcast of a pod goes to each address of the node ranges, which must be few."""
    first = settings.addresses.subnet_prefix
    ranges = [
        replace(settings, node_range_prefix=prefix)
        for prefix in (settings.node_range_prefix, *range(first, SMALLEST_SUBNET + 1))
    ]
    taken = [one for one in ranges if one.zones * one.addresses.capacity <= MAX_L2_NODES]
    largest = max(settings.counts)
    for one in taken:
        if largest <= one.addresses.capacity:
            prefix = one.node_range_prefix
            is_set = prefix == settings.node_range_prefix
            return Holding(
                mode=RoutingMode.L2,
                condition=""
                if is_set
                else f"with podnet:nodeRangePrefix {prefix}, which replaces every node",
            )
    most = max((one.addresses.capacity for one in taken), default=0)
    where = "" if settings.zones == 1 else " in a zone"
    return Holding(mode=RoutingMode.L2, lack=f"takes {most} nodes{where} at most", is_by_count=True)


def _changed(settings: Settings, one: Holding) -> Holding:
    """The mode with what `plan.preview` forbids for a change to it."""
    by_others = {settings.routing, one.mode} & {RoutingMode.FLANNEL, RoutingMode.EXTERNAL}
    if one.lack or not by_others or settings.routing is one.mode:
        return one
    conditions = filter(None, (one.condition, "not while nodes live"))
    return replace(one, condition=", ".join(conditions))
