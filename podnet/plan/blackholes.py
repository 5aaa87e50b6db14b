"""Routes of the VPC without a target: those that have lost it, and those that are about to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from podnet.plan.problem import Remark
from podnet.plan.vpc_routes import VpcRoute

INTERFACE = "eni-"
"""How the id of a network interface begins."""
Tables = Mapping[str, Collection[VpcRoute]]
"""The routes of route tables, by the ids of the tables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blackhole:
    """A route that has no target, or will have none."""

    table: str
    """Id of the route table."""
    route: VpcRoute
    node: str = ""
    """The node whose network interface is the target, in words; empty where it is gone."""

    def __str__(self) -> str:
        owner = f" of {self.node}" if self.node else ""
        return f"{self.route.destination} to {self.route.target}{owner} in {self.table}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Blackholes:
    """What is found of a stack."""

    stale: tuple[Blackhole, ...] = ()
    """Routes in the pod range, in tables of the stack, whose network interface is gone.

    EC2 keeps a route when its target is deleted; it drops the packets (EC2 API, Route: state
    `blackhole`).
    """
    to_come: tuple[Blackhole, ...] = ()
    """Routes to the network interface of a node that this deployment deletes, but for podnet's own.

    The interface that a launch makes goes with its instance (EC2 API,
    InstanceNetworkInterfaceSpecification: DeleteOnTermination), so a node that is replaced has
    another one.
    """


def targets(tables: Tables, pods: IPv4Network) -> set[str]:
    """The network interfaces to which routes in the pod range lead."""
    return {one.route.target for one in _in_range(tables, pods)}


def stale(tables: Tables, pods: IPv4Network, existing: Collection[str]) -> tuple[Blackhole, ...]:
    """The routes in the pod range to network interfaces that are not there."""
    return tuple(one for one in _in_range(tables, pods) if one.route.target not in existing)


def to_come(
    tables: Tables, leaving: Mapping[str, str], managed: Collection[tuple[str, IPv4Network]]
) -> tuple[Blackhole, ...]:
    """The routes to network interfaces that go, whose nodes are in `leaving` by their ids.

    The `managed` ones, by table and destination, podnet changes or deletes itself.
    """
    return tuple(
        Blackhole(table=table, route=route, node=leaving[route.target])
        for table, routes in sorted(tables.items())
        for route in sorted(routes, key=lambda one: one.destination)
        if route.target in leaving and (table, route.destination) not in managed
    )


def _in_range(tables: Tables, pods: IPv4Network) -> Iterator[Blackhole]:
    for table, routes in sorted(tables.items()):
        for route in sorted(routes, key=lambda one: one.destination):
            if route.destination.subnet_of(pods) and route.target.startswith(INTERFACE):
                yield Blackhole(table=table, route=route)


def remarks(found: Blackholes) -> Iterator[Remark]:
    """Which routes these are, and the ways out."""
    if found.stale:
        yield Remark(
            rule="routes-stale",
            text=f"stale routes to pods, blackholes since their target is gone: "
            f"{_listed(found.stale)}. They drop packets, and count in the quota of their table. A "
            "deployment after a refresh repairs those that podnet made; delete any other with `aws "
            "ec2 delete-route --route-table-id TABLE --destination-cidr-block RANGE`",
            is_warning=True,
        )
    if found.to_come:
        yield Remark(
            rule="blackholes-to-come",
            text="this deployment deletes network interfaces to which routes lead that podnet did "
            f"not create, and these become blackholes: {_listed(found.to_come)}. A node that is "
            "replaced gets another interface. Before it, give them another target (`aws ec2 "
            "replace-route`) or delete them; a cloud controller repairs its own",
            is_warning=True,
        )


def _listed(found: tuple[Blackhole, ...]) -> str:
    return ", ".join(map(str, found))
