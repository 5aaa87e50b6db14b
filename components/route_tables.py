"""The route tables of a stack, as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

import pulumi_aws as aws
from pulumi_aws.ec2.outputs import GetRouteTableRouteResult

from podnet.plan.tags import STACK
from podnet.plan.vpc_routes import VpcRoute


def look_up(stack: str) -> dict[str, tuple[VpcRoute, ...]]:
    """The routes of each table, by its id.

    The provider leaves out those within the VPC, those that a virtual private gateway propagates,
    and those of gateway endpoints (hashicorp/terraform-provider-aws,
    internal/service/ec2/vpc_route_table_data_source.go).
    """
    return {
        table: routes(table)
        for table in sorted(aws.ec2.get_route_tables(tags={STACK: stack}).ids or ())
    }


def routes(table: str) -> tuple[VpcRoute, ...]:
    """The routes of one table, given by its id."""
    return tuple(_ipv4(aws.ec2.get_route_table(route_table_id=table).routes or ()))


def _ipv4(routes: Sequence[GetRouteTableRouteResult]) -> Iterator[VpcRoute]:
    for each in routes:
        if each.cidr_block:
            yield VpcRoute(destination=IPv4Network(each.cidr_block), target=_target(each))


def _target(route: GetRouteTableRouteResult) -> str:
    return (
        route.network_interface_id
        or route.gateway_id
        or route.transit_gateway_id
        or route.vpc_peering_connection_id
        or route.nat_gateway_id
        or route.vpc_endpoint_id
        or route.core_network_arn
        or route.local_gateway_id
        or route.carrier_gateway_id
        or route.instance_id
        or "another target"
    )
