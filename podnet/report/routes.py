"""The lines of a route table as a picture has them: those of pod blocks counted where many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podnet.verify.node import Node
from podnet.verify.packet import host
from podnet.world.model import Route, RouteTable, World

MOST_LINES = 6
BAD, GOOD = "bad", ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a table."""

    text: str
    style: str = GOOD


class Tables:
    """Describes the route tables of one VPC."""

    def __init__(self, world: World, vpc_id: str, nodes: tuple[Node, ...]) -> None:
        self.vpc = world.vpc(vpc_id)
        self.tables = [table for table in world.route_tables if table.vpc_id == vpc_id]
        self._gateways = {each.id for each in world.gateways if each.vpc_id == vpc_id}
        self._enis = {each.id for each in world.enis if each.vpc_id == vpc_id}
        self._nodes: Mapping[str, Node] = {node.eni.id: node for node in nodes}

    def of(self, subnet_id: str) -> RouteTable | None:
        """The table that a subnet is associated with, or else the main one."""
        explicit = (table for table in self.tables if subnet_id in table.subnet_ids)
        return next(explicit, None) or next((each for each in self.tables if each.main), None)

    def entries(self, table: RouteTable) -> Iterator[Entry]:
        """A line for each route; one for many that lead blocks to their own nodes."""
        for cidr in self.vpc.cidrs:
            yield Entry(f"{cidr} → local")
        own = [route for route in table.routes if self._is_own(route)]
        others = [route for route in table.routes if not self._is_own(route)]
        for route in others[:MOST_LINES]:
            yield self._entry(route)
        if len(others) > MOST_LINES:
            yield Entry(f"{len(others) - MOST_LINES:,} routes more")
        if len(own) <= MOST_LINES:
            yield from map(self._entry, own)
        else:
            yield Entry(f"{len(own):,} pod blocks → their nodes")

    def _is_own(self, route: Route) -> bool:
        node = self._nodes.get(route.target)
        return node is not None and node.block == route.destination

    def _entry(self, route: Route) -> Entry:
        to = host(route.destination)
        if route.target in self._gateways:
            return Entry(f"{to} → {route.target}")
        if node := self._nodes.get(route.target):
            wrong = "" if self._is_own(route) else ", not its own block"
            return Entry(f"{to} → {node.name}{wrong}")
        if route.target in self._enis:
            return Entry(f"{to} → {route.target}, which is no node")
        return Entry(f"✗ {to} → {route.target}, which is gone", BAD)
