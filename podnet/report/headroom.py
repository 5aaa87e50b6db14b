"""What a VPC uses of the quotas that can be counted in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podnet.plan.quotas import quota
from podnet.plan.quotas.quota import Quota
from podnet.world.model import World

COUNTED = (quota.ROUTES, quota.RULES, quota.GROUPS, quota.RANGES, quota.VPCS)
"""The quotas that a world shows the use of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """A quota, and the most that anything has of it."""

    quota: Quota
    place: str
    """What has most of it."""
    count: int
    limit: int
    is_own: bool
    """Whether the limit is the account's own, and not AWS's default."""

    @property
    def left(self) -> int:
        """What is left; negative where there is more than the limit."""
        return self.limit - self.count

    @property
    def share(self) -> int:
        """Of the limit, in percent."""
        return round(100 * self.count / self.limit) if self.limit else 100


def headroom(world: World, vpc_id: str, limits: Mapping[Quota, int]) -> list[Used]:
    """A row for each quota; AWS's default where `limits` does not have the account's own."""
    return [
        Used(
            quota=kind,
            place=place,
            count=count,
            limit=limits.get(kind, kind.default),
            is_own=kind in limits,
        )
        for kind, place, count in _counts(world, vpc_id)
    ]


def _counts(world: World, vpc_id: str) -> Iterator[tuple[Quota, str, int]]:
    vpc = world.vpc(vpc_id)
    # VPC User Guide, "Subnet route tables": each range has a local route, which counts as well.
    tables = {
        table.id: len(table.routes) + len(vpc.cidrs)
        for table in world.route_tables
        if table.vpc_id == vpc_id
    }
    rules = {
        (group.id, way): sum(rule.egress is egress for rule in group.rules)
        for group in world.security_groups
        if group.vpc_id == vpc_id
        for way, egress in (("inbound", False), ("outbound", True))
    }
    groups = {eni.id: len(eni.group_ids) for eni in world.enis if eni.vpc_id == vpc_id}
    yield (quota.ROUTES, *_most(tables))
    yield (quota.RULES, *_most({f"{group}, {way}": n for (group, way), n in rules.items()}))
    yield (quota.GROUPS, *_most(groups))
    yield quota.RANGES, vpc_id, len(vpc.cidrs)
    yield quota.VPCS, "the Region", len(world.vpcs)


def _most(counts: Mapping[str, int]) -> tuple[str, int]:
    if not counts:
        return "nothing", 0
    place = max(counts, key=lambda name: counts[name])
    return place, counts[place]
