"""The describe calls: all pages of each, and only what is of one VPC where a filter allows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""One item of an answer."""
Client = Any
"""A boto3 client: boto3 makes its classes at run time, so there is no static type."""

GROUPS_IN_FILTER = 200
"""Values that one filter takes (EC2 User Guide, "List and filter using the CLI and API")."""

FILTERS = {
    "describe_instances": "vpc-id",
    "describe_network_interfaces": "vpc-id",
    "describe_route_tables": "vpc-id",
    "describe_subnets": "vpc-id",
    "describe_vpcs": "vpc-id",
    "describe_security_groups": "vpc-id",
    "describe_internet_gateways": "attachment.vpc-id",
    "describe_network_acls": "vpc-id",
    "describe_nat_gateways": "vpc-id",
    "describe_vpc_endpoints": "vpc-id",
    "describe_transit_gateway_attachments": "resource-id",
    "describe_vpn_gateways": "attachment.vpc-id",
}
"""The filter for what is of a VPC, by call (EC2 API Reference). The calls that are not here have
none: egress-only gateways have no such filter, and a peering connection has two VPCs."""


@dataclass(frozen=True, slots=True)
class Api:
    """The describe calls of an EC2 client, about one VPC or all."""

    ec2: Client
    vpc_id: str | None = None

    def all(self, call: str, key: str) -> list[Row]:
        """Every item of a listing that is of the VPC, or of any VPC where the API has no filter."""
        name = FILTERS.get(call)
        if self.vpc_id is None or name is None:
            return list(pages(self.ec2, call, key))
        # The API's own name for the argument of this one call.
        argument = "Filter" if call == "describe_nat_gateways" else "Filters"
        filters = {argument: [{"Name": name, "Values": [self.vpc_id]}]}
        return list(pages(self.ec2, call, key, **filters))

    def group_rules(self, groups: Sequence[str]) -> Iterator[Row]:
        """The rules of these groups, which the API can filter by groups alone."""
        call, key = "describe_security_group_rules", "SecurityGroupRules"
        if self.vpc_id is None:
            yield from pages(self.ec2, call, key)
            return
        for start in range(0, len(groups), GROUPS_IN_FILTER):
            some = list(groups[start : start + GROUPS_IN_FILTER])
            yield from pages(self.ec2, call, key, Filters=[{"Name": "group-id", "Values": some}])


def pages(client: Client, operation: str, key: str, **arguments: object) -> Iterator[Row]:
    """Every item of a listing, all pages of it."""
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**arguments)[key]
        return
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])
