"""Classes of ends that are treated alike: a proof walks one packet for each pair of classes.

What becomes of a packet depends on its two ends alone by: their subnet, security groups, check and
state; the routing of a node; which ranges of rules and routes an address is in; and where each
table leads for it. Ends with the same answers are of one class. A route that leads to the wrong
node ends in a loop, whoever sends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from podnet.plan.nodes import by_number
from podnet.verify.node import Node
from podnet.verify.prefixes import Prefixes
from podnet.verify.vpc import Cloud
from podnet.verify.walk import INTERNET, End, Kind
from podnet.world.model import Eni, Route


@dataclass(frozen=True, slots=True)
class EndClass:
    """Ends of which the first stands for all."""

    members: tuple[End, ...]

    @property
    def kind(self) -> Kind:
        """What the ends are."""
        return self.members[0].kind

    def __str__(self) -> str:
        names = sorted({end.name for end in self.members}, key=by_number)
        text = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({len(names)})"
        return f"pods of {text}" if self.kind is Kind.PODS else text


def ends(cloud: Cloud, nodes: Sequence[Node]) -> Iterator[End]:
    """All ends of a VPC; a pod block that a range of a rule or route divides is several."""
    by_eni = {node.eni.id: node for node in nodes}
    ranges = _ranges(cloud)
    for eni in cloud.enis.values():
        node = by_eni.get(eni.id)
        if node is None:
            yield End(Kind.HOST, eni.id, IPv4Network(eni.address), eni)
            continue
        yield End(Kind.NODE, node.name, node.own, eni)
        for piece in _pieces(node.block, ranges):
            part = "" if piece == node.block else f" at {piece}"
            yield End(Kind.PODS, f"{node.name}{part}", piece, eni)
    yield End(Kind.INTERNET, "internet", INTERNET, None)


def classes(cloud: Cloud, nodes: Sequence[Node]) -> list[EndClass]:
    """The ends of a VPC in as few classes as hold ends that are treated alike."""
    sort = _Sorter(cloud, nodes)
    found: dict[object, list[End]] = defaultdict(list)
    for end in ends(cloud, nodes):
        found[sort.signature(end)].append(end)
    return [EndClass(tuple(members)) for members in found.values()]


class _Sorter:
    def __init__(self, cloud: Cloud, nodes: Sequence[Node]) -> None:
        self.cloud = cloud
        self.nodes = {node.eni.id: node for node in nodes}
        self.named = Prefixes((one, None) for one in cloud.groups.ranges())

    def signature(self, end: End) -> object:
        """What decides how the packets from and to an end are treated."""
        eni, cloud = end.eni, self.cloud
        if eni is None:
            return end.kind
        node = self.nodes.get(eni.id)
        if node is None:
            return end.kind, eni.id, end.network
        return (
            end.kind,
            eni.subnet_id,
            eni.group_ids,
            eni.source_dest_check,
            eni.public_address is None,
            eni.id in cloud.doubts,
            cloud.is_running(eni),
            node.routing,
            node.plan,
            self._named(end.network),
            # What a tunnel carries to pods is sent to their node.
            self._named(node.own),
            tuple(_lead(cloud.lookup(table, end.network), eni) for table in cloud.tables),
        )

    def _named(self, network: IPv4Network) -> tuple[tuple[int, int], ...]:
        """The ranges of rules that hold these addresses, each by its length and first address."""
        first = int(network[0])
        return tuple(
            (length, first >> (32 - length)) for length, _ in self.named.containing(network)
        )


def _lead(route: Route | None, eni: Eni) -> str:
    if route is None:
        return ""
    return "itself" if route.target == eni.id else route.target


def _ranges(cloud: Cloud) -> Prefixes[None]:
    """The ranges that rules and routes name."""
    routes = (route.destination for table in cloud.tables for route in table.routes)
    return Prefixes((one, None) for one in {*cloud.groups.ranges(), *routes})


def _pieces(network: IPv4Network, ranges: Prefixes[None]) -> Iterator[IPv4Network]:
    """A range in parts, each of which is wholly inside or outside each other range."""
    if not ranges.divide(network):
        yield network
        return
    for half in network.subnets(1):
        yield from _pieces(half, ranges)
