"""Routes without a target, and routes that lose theirs by a deployment, as they are found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi_aws as aws

from podnet.components import route_tables
from podnet.components.tags import title
from podnet.plan import blackholes
from podnet.plan.blackholes import Blackholes, Tables
from podnet.plan.nodes import planned_zones
from podnet.plan.settings import Settings
from podnet.plan.tags import STACK

MOST_VALUES = 200
"""Values of one filter (EC2 API, Filter)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """The nodes that a deployment deletes, as such or to replace them."""

    vpcs: Collection[str]
    """Ids of the VPCs of the stack that stay."""
    nodes: Mapping[str, str]
    """What each is called, by its address."""
    blocks: AbstractSet[IPv4Network]
    """Destinations of the routes that are podnet's own in the tables of the stack; none where it
    has no routes to pods."""
    changed: AbstractSet[str]
    """Addresses of nodes with another address rule, whose blocks are in none of these."""


def look_up(stack: str, settings: Settings, tables: Tables, leaving: Leaving) -> Blackholes:
    """What is found of a stack whose route tables hold these routes.

    The look-up of a table does not say which state a route is in, so the network interfaces are
    looked up to which routes lead; that of another target is not known.
    """
    pods = settings.pod_cidr
    existing = _interfaces("network-interface-id", blackholes.targets(tables, pods))
    return Blackholes(
        stale=blackholes.stale(tables, pods, existing),
        to_come=_to_come(stack, settings, tables, leaving) if leaving.vpcs else (),
    )


def _to_come(
    stack: str, settings: Settings, tables: Tables, leaving: Leaving
) -> tuple[blackholes.Blackhole, ...]:
    going = _interfaces("addresses.private-ip-address", leaving.nodes, leaving.vpcs)
    if not going:
        return ()
    staying = {**_staying(stack, settings, tables), **_others(tables, leaving.vpcs)}
    hit = {route.target for routes in staying.values() for route in routes} & going
    addresses = {id_: _address(id_, leaving.nodes) for id_ in sorted(hit)}
    managed = {
        (table, route.destination)
        for table, routes in tables.items()
        for route in routes
        if leaving.blocks
        # Of the routes to a node with another rule, no block says which are podnet's own.
        if route.destination in leaving.blocks or addresses.get(route.target) in leaving.changed
    }
    names = {id_: leaving.nodes.get(address, "a node") for id_, address in addresses.items()}
    return blackholes.to_come(staying, names, managed)


def _staying(stack: str, settings: Settings, tables: Tables) -> Tables:
    """The stack's own tables, but for those of zones that go, whose routes go with them."""
    titles = [title(stack, zone.name) for zone in planned_zones(settings)]
    named = aws.ec2.GetRouteTablesFilterArgs(name="tag:Name", values=titles)
    found = aws.ec2.get_route_tables(tags={STACK: stack}, filters=[named]).ids or ()
    return {table: tables[table] for table in found if table in tables}


def _others(tables: Tables, vpcs: Collection[str]) -> Tables:
    """The tables of the VPCs that are not the stack's."""
    inside = aws.ec2.GetRouteTablesFilterArgs(name="vpc-id", values=sorted(vpcs))
    found = {*(aws.ec2.get_route_tables(filters=[inside]).ids or ())}
    return {table: route_tables.routes(table) for table in sorted(found - tables.keys())}


def _interfaces(name: str, values: Collection[str], vpcs: Collection[str] = ()) -> set[str]:
    """Ids of the network interfaces that have one of the values."""
    found: set[str] = set()
    for some in _chunks(sorted(values)):
        filters = [aws.ec2.GetNetworkInterfacesFilterArgs(name=name, values=some)]
        if vpcs:
            filters.append(
                aws.ec2.GetNetworkInterfacesFilterArgs(name="vpc-id", values=sorted(vpcs))
            )
        found |= {*(aws.ec2.get_network_interfaces(filters=filters).ids or ())}
    return found


def _chunks(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


def _address(interface: str, nodes: Collection[str]) -> str:
    """The address of the node with this network interface; empty where that is not answered."""
    addresses = aws.ec2.get_network_interface(id=interface).private_ips or ()
    return next((each for each in addresses if each in nodes), "")
