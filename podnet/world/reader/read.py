"""One reader of what EC2 describes, for the lab and for an account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from podnet.world.model import Eni, RouteTable, SecurityGroup, SecurityRule, Unmodelled, Vpc, World
from podnet.world.reader import rows, unmodelled
from podnet.world.reader.calls import Api, Client, Row

Roles = Callable[[Iterable[Row]], Mapping[str, str | None]]
"""From the items of instances to the role in each of their profiles, by the profile's ARN."""


def read(ec2: Client, vpc_id: str | None = None, roles: Roles | None = None) -> World:
    """The world of one region, or of one VPC in it, that the client describes.

    What the model does not hold is in `World.unmodelled`. Without `roles` no instance has one:
    only the metadata service needs them. Raises the client's errors.
    """
    api = Api(ec2, vpc_id)
    strange = [*unmodelled.services(api), *unmodelled.network_acls(api)]
    instance_rows = [
        row | {key: reservation[key] for key in ("OwnerId", "ReservationId")}
        for reservation in api.all("describe_instances", "Reservations")
        for row in reservation["Instances"]
    ]
    instances = {row["InstanceId"]: row for row in instance_rows}
    # Before what they stand in, so that it is found in the answers after them.
    eni_rows = api.all("describe_network_interfaces", "NetworkInterfaces")
    table_rows = api.all("describe_route_tables", "RouteTables")
    subnet_rows = api.all("describe_subnets", "Subnets")
    vpc_rows = api.all("describe_vpcs", "Vpcs")
    subnets = _sorted(filter(None, map(rows.subnet, subnet_rows)))
    known = {subnet.id for subnet in subnets}
    # Calls are not one moment: an interface may have left, with its subnet, between two of them.
    enis = _sorted(eni for eni in _enis(eni_rows, instances) if eni.subnet_id in known)
    vpcs = _sorted(map(rows.vpc, vpc_rows))
    groups, rule_rows = _security_groups(api)
    strange += [
        *(one for row in vpc_rows for one in unmodelled.vpc(row, api)),
        *(one for row in subnet_rows for one in unmodelled.subnet(row)),
        *(one for row in _present(eni_rows, instances) for one in unmodelled.eni(row)),
        *(one for row in instance_rows for one in unmodelled.instance(row)),
        *unmodelled.duplicate_addresses(enis),
        *_of_tables(table_rows, vpcs, api),
        *(one for row in rule_rows for one in unmodelled.security_rule(row)),
    ]
    role_of = roles(instance_rows) if roles else {}
    gateway_rows = api.all("describe_internet_gateways", "InternetGateways")
    return World(
        vpcs=vpcs,
        subnets=subnets,
        security_groups=groups,
        enis=enis,
        route_tables=_tables(table_rows, enis),
        gateways=_sorted(map(rows.gateway, gateway_rows)),
        instances=_sorted(
            rows.instance(row, ec2.meta.region_name, enis, role_of) for row in instance_rows
        ),
        unmodelled=tuple(sorted(strange, key=lambda one: (one.id, one.what))),
    )


def _sorted(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: str(item.id)))


def _present(eni_rows: Iterable[Row], instances: Mapping[str, Row]) -> Iterator[Row]:
    """The interfaces but for those of terminated instances, which moto keeps."""
    for row in eni_rows:
        instance = instances.get(_instance_id(row))
        if not instance or instance["State"]["Name"] != "terminated":
            yield row


def _instance_id(row: Row) -> str:
    return str(row.get("Attachment", {}).get("InstanceId", ""))


def _enis(eni_rows: Iterable[Row], instances: Mapping[str, Row]) -> Iterator[Eni]:
    for row in _present(eni_rows, instances):
        if eni := rows.eni(row, instances.get(_instance_id(row))):
            yield eni


def _tables(table_rows: Iterable[Row], enis: Iterable[Eni]) -> tuple[RouteTable, ...]:
    interface_of = {eni.instance_id: eni.id for eni in enis if eni.instance_id}
    return _sorted(rows.table(row, interface_of) for row in table_rows)


def _of_tables(table_rows: list[Row], vpcs: Iterable[Vpc], api: Api) -> Iterator[Unmodelled]:
    """What of route tables and their routes the model does not hold."""
    cidrs = {vpc.id: vpc.cidrs for vpc in vpcs}
    by_list = any(
        item.get("DestinationPrefixListId") for row in table_rows for item in row["Routes"]
    )
    endpoints = _gateway_endpoints(api) if by_list else frozenset()
    for row in table_rows:
        yield from unmodelled.route_table(row)
        for item in row["Routes"]:
            if item.get("GatewayId") != "local":
                own = cidrs.get(row["VpcId"], ())
                yield from unmodelled.route(row["RouteTableId"], item, own, endpoints)


def _gateway_endpoints(api: Api) -> frozenset[str]:
    return frozenset(
        row["VpcEndpointId"]
        for row in api.all("describe_vpc_endpoints", "VpcEndpoints")
        if row.get("VpcEndpointType") == "Gateway"
    )


def _security_groups(api: Api) -> tuple[tuple[SecurityGroup, ...], list[Row]]:
    """The groups with their rules, and the rules as they were answered."""
    group_rows = api.all("describe_security_groups", "SecurityGroups")
    found: dict[str, list[SecurityRule]] = {row["GroupId"]: [] for row in group_rows}
    rule_rows = [row for row in api.group_rules([*found]) if row["GroupId"] in found]
    for row in rule_rows:
        if rule := rows.security_rule(row):
            found[row["GroupId"]].append(rule)
    groups = _sorted(
        SecurityGroup(
            id=row["GroupId"],
            vpc_id=row["VpcId"],
            name=row["GroupName"],
            rules=_sorted(found[row["GroupId"]]),
        )
        for row in group_rows
    )
    return groups, rule_rows
