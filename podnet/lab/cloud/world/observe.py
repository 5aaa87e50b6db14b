"""Reads the EC2 API into a `World`, and refuses by name what the fabric does not model.

moto's answers differ from AWS's in three ways that are corrected here: an interface's
source/dest-check does not follow its instance's, a terminated instance keeps its interfaces, and
routes by instance do not name the interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any

from podnet.lab.clients import Client
from podnet.lab.cloud.world import unsupported
from podnet.lab.cloud.world.model import (
    GONE,
    Eni,
    Gateway,
    Instance,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Vpc,
    World,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Api:
    """The describe calls of an EC2 client, all pages of each."""

    client: Client

    def all(self, call: str, key: str) -> list[Row]:
        if not self.client.can_paginate(call):
            return list(getattr(self.client, call)()[key])
        return [row for page in self.client.get_paginator(call).paginate() for row in page[key]]


def observe(ec2: Client, iam: Client) -> World:
    """The world that the clients of one region describe.

    Raises `UnmodelledError`, naming the thing, for what the fabric would have to guess about.
    """
    api = _Api(ec2)
    unsupported.services(api.all)
    # Interfaces come first, so that what they stand in is found in the answers after them.
    instance_rows = [
        row | {key: reservation[key] for key in ("OwnerId", "ReservationId")}
        for reservation in api.all("describe_instances", "Reservations")
        for row in reservation["Instances"]
    ]
    instances = {row["InstanceId"]: row for row in instance_rows}
    eni_rows = api.all("describe_network_interfaces", "NetworkInterfaces")
    tables = api.all("describe_route_tables", "RouteTables")
    subnets = _sorted(map(_subnet, api.all("describe_subnets", "Subnets")))
    vpcs = _sorted(map(_vpc, api.all("describe_vpcs", "Vpcs")))
    groups = _security_groups(api)
    # Calls are not one moment: an interface may have left, with its subnet, between two of them.
    known = {subnet.id for subnet in subnets}
    enis = _sorted(eni for eni in _enis(eni_rows, instances) if eni.subnet_id in known)
    unsupported.duplicate_addresses(enis)
    roles = _roles(iam, instance_rows)
    return World(
        vpcs=vpcs,
        subnets=subnets,
        security_groups=groups,
        enis=enis,
        route_tables=_sorted(_table(row, vpcs, enis) for row in tables),
        gateways=_sorted(map(_gateway, api.all("describe_internet_gateways", "InternetGateways"))),
        instances=_sorted(
            _instance(row, ec2.meta.region_name, enis, roles) for row in instance_rows
        ),
    )


def merge(worlds: Sequence[World]) -> World:
    """The worlds of several regions as one: ids are unique, and no route crosses regions."""
    return World(
        **{
            field.name: _sorted(item for world in worlds for item in getattr(world, field.name))
            for field in fields(World)
        }
    )


def _sorted(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: str(item.id)))


def _vpc(row: Row) -> Vpc:
    unsupported.vpc(row)
    return Vpc(id=row["VpcId"], cidr=IPv4Network(row["CidrBlock"]))


def _subnet(row: Row) -> Subnet:
    unsupported.subnet(row)
    return Subnet(
        id=row["SubnetId"],
        vpc_id=row["VpcId"],
        cidr=IPv4Network(row["CidrBlock"]),
        zone=row["AvailabilityZone"],
    )


def _gateway(row: Row) -> Gateway:
    attached = [
        item["VpcId"] for item in row["Attachments"] if item["State"] in ("available", "attached")
    ]
    return Gateway(id=row["InternetGatewayId"], vpc_id=attached[0] if attached else None)


def _enis(rows: list[Row], instances: Mapping[str, Row]) -> Iterator[Eni]:
    for row in rows:
        instance = instances.get(row.get("Attachment", {}).get("InstanceId", ""))
        if instance and instance["State"]["Name"] == "terminated":
            continue
        unsupported.eni(row)
        public = row.get("Association", {}).get("PublicIp")
        yield Eni(
            id=row["NetworkInterfaceId"],
            vpc_id=row["VpcId"],
            subnet_id=row["SubnetId"],
            mac=row["MacAddress"].lower(),
            address=IPv4Address(row["PrivateIpAddress"]),
            public_address=IPv4Address(public) if public else None,
            # On AWS the two are one setting.
            source_dest_check=row["SourceDestCheck"]
            and (not instance or instance.get("SourceDestCheck", True)),
            group_ids=tuple(sorted(group["GroupId"] for group in row["Groups"])),
            instance_id=instance["InstanceId"] if instance else None,
        )


def _instance(
    row: Row, region: str, enis: Iterable[Eni], roles: Mapping[str, str | None]
) -> Instance:
    unsupported.instance(row)
    metadata = row.get("MetadataOptions", {})
    profile = row.get("IamInstanceProfile", {})
    return Instance(
        id=row["InstanceId"],
        state=row["State"]["Name"],
        eni_ids=tuple(eni.id for eni in enis if eni.instance_id == row["InstanceId"]),
        image_id=row["ImageId"],
        instance_type=row["InstanceType"],
        zone=row["Placement"]["AvailabilityZone"],
        region=region,
        account=row["OwnerId"],
        reservation_id=row["ReservationId"],
        launched=row["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        private_name=row.get("PrivateDnsName", ""),
        hop_limit=metadata.get("HttpPutResponseHopLimit", 1),
        tokens_required=metadata.get("HttpTokens") == "required",
        metadata_enabled=metadata.get("HttpEndpoint", "enabled") == "enabled",
        metadata_tags=metadata.get("InstanceMetadataTags") == "enabled",
        profile_arn=profile.get("Arn"),
        profile_id=profile.get("Id"),
        role=roles.get(profile.get("Arn", "")),
        tags=MappingProxyType({tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}),
    )


def _roles(iam: Client, rows: Iterable[Row]) -> dict[str, str | None]:
    """The name of the role in each profile that an instance has, by the profile's ARN."""
    arns = {
        row["IamInstanceProfile"]["Arn"]
        for row in rows
        if "IamInstanceProfile" in row and row["State"]["Name"] not in GONE
    }
    return {arn: _role(iam, arn) for arn in arns}


def _role(iam: Client, arn: str) -> str | None:
    name = arn.rpartition("/")[2]
    try:
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return next((role["RoleName"] for role in roles), None)


def _table(row: Row, vpcs: Iterable[Vpc], enis: Iterable[Eni]) -> RouteTable:
    unsupported.route_table(row)
    cidr = next((vpc.cidr for vpc in vpcs if vpc.id == row["VpcId"]), None)
    return RouteTable(
        id=row["RouteTableId"],
        vpc_id=row["VpcId"],
        main=any(item["Main"] for item in row["Associations"]),
        subnet_ids=tuple(
            sorted(item["SubnetId"] for item in row["Associations"] if "SubnetId" in item)
        ),
        routes=tuple(
            sorted(
                (
                    _route(row["RouteTableId"], item, cidr, enis)
                    for item in row["Routes"]
                    if item.get("GatewayId") != "local"
                ),
                key=lambda route: route.destination,
            )
        ),
    )


def _route(table: str, row: Row, cidr: IPv4Network | None, enis: Iterable[Eni]) -> Route:
    unsupported.route(table, row, cidr)
    target = row.get("NetworkInterfaceId") or row.get("GatewayId") or row["InstanceId"]
    target = next((eni.id for eni in enis if eni.instance_id == target), target)
    return Route(destination=IPv4Network(row["DestinationCidrBlock"]), target=target)


def _security_groups(api: _Api) -> tuple[SecurityGroup, ...]:
    rows = api.all("describe_security_groups", "SecurityGroups")
    rules: dict[str, list[SecurityRule]] = {row["GroupId"]: [] for row in rows}
    for row in api.all("describe_security_group_rules", "SecurityGroupRules"):
        if row["GroupId"] in rules:
            rules[row["GroupId"]].append(_security_rule(row))
    return _sorted(
        SecurityGroup(
            id=row["GroupId"],
            vpc_id=row["VpcId"],
            name=row["GroupName"],
            rules=_sorted(rules[row["GroupId"]]),
        )
        for row in rows
    )


def _security_rule(row: Row) -> SecurityRule:
    unsupported.security_rule(row)
    group = row.get("ReferencedGroupInfo", {}).get("GroupId")
    return SecurityRule(
        id=row["SecurityGroupRuleId"],
        egress=row["IsEgress"],
        protocol=str(row["IpProtocol"]),
        from_port=row.get("FromPort"),
        to_port=row.get("ToPort"),
        peer=group or IPv4Network(row["CidrIpv4"]),
    )
