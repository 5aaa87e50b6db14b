"""One item of an answer as a value of the model, as far as the model holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType

from podnet.world.model import (
    Eni,
    Gateway,
    Instance,
    Route,
    RouteTable,
    SecurityRule,
    Subnet,
    Vpc,
)
from podnet.world.reader.calls import Row

TARGETS = (
    "NetworkInterfaceId",
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "InstanceId",
)
"""What a route leads to; an instance comes last, since EC2 names its interface as well."""

ENDED = ("disassociated", "failed")
"""States of an association that has no effect (EC2 API Reference, "RouteTableAssociationState")."""


def tags(row: Row) -> Mapping[str, str]:
    """The tags of a resource."""
    return MappingProxyType({tag["Key"]: tag["Value"] for tag in row.get("Tags", ())})


def vpc(row: Row) -> Vpc:
    """A VPC with the IPv4 ranges that are in effect."""
    ranges = (
        IPv4Network(item["CidrBlock"])
        for item in row.get("CidrBlockAssociationSet", ())
        if item["CidrBlockState"]["State"] == "associated"
    )
    first = IPv4Network(row["CidrBlock"])
    return Vpc(
        id=row["VpcId"],
        cidr=first,
        secondary=tuple(sorted(one for one in ranges if one != first)),
        tags=tags(row),
    )


def subnet(row: Row) -> Subnet | None:
    """A subnet; None for one of IPv6 alone."""
    if not row.get("CidrBlock"):
        return None
    return Subnet(
        id=row["SubnetId"],
        vpc_id=row["VpcId"],
        cidr=IPv4Network(row["CidrBlock"]),
        zone=row["AvailabilityZone"],
    )


def gateway(row: Row) -> Gateway:
    """An internet gateway."""
    attached = [
        item["VpcId"] for item in row["Attachments"] if item["State"] in ("available", "attached")
    ]
    return Gateway(id=row["InternetGatewayId"], vpc_id=attached[0] if attached else None)


def eni(row: Row, instance: Row | None) -> Eni | None:
    """An interface with its primary addresses; None for one of IPv6 alone."""
    if not row.get("PrivateIpAddress"):
        return None
    public = row.get("Association", {}).get("PublicIp")
    return Eni(
        id=row["NetworkInterfaceId"],
        vpc_id=row["VpcId"],
        subnet_id=row["SubnetId"],
        mac=row["MacAddress"].lower(),
        address=IPv4Address(row["PrivateIpAddress"]),
        public_address=IPv4Address(public) if public else None,
        # On AWS the check of an instance is that of its one interface; in moto it is not.
        source_dest_check=row["SourceDestCheck"]
        and (
            not instance
            or len(instance["NetworkInterfaces"]) > 1
            or instance.get("SourceDestCheck", True)
        ),
        group_ids=tuple(sorted(group["GroupId"] for group in row["Groups"])),
        instance_id=instance["InstanceId"] if instance else None,
    )


def instance(
    row: Row, region: str, enis: Iterable[Eni], roles: Mapping[str, str | None]
) -> Instance:
    """An instance, with its reservation's keys among its own."""
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
        tags=tags(row),
    )


def table(row: Row, interface_of: Mapping[str, str]) -> RouteTable:
    """A route table with its routes for IPv4 ranges, also those to targets of other kinds.

    `interface_of` has the interface of each instance: moto names the instance alone.
    """
    associations = [
        item
        for item in row["Associations"]
        if item.get("AssociationState", {}).get("State") not in ENDED
    ]
    return RouteTable(
        id=row["RouteTableId"],
        vpc_id=row["VpcId"],
        main=any(item["Main"] for item in associations),
        subnet_ids=tuple(sorted(item["SubnetId"] for item in associations if "SubnetId" in item)),
        routes=tuple(
            sorted(
                (
                    Route(
                        destination=IPv4Network(item["DestinationCidrBlock"]),
                        target=interface_of.get(target(item), target(item)),
                    )
                    for item in row["Routes"]
                    if item.get("GatewayId") != "local" and item.get("DestinationCidrBlock")
                ),
                key=lambda route: route.destination,
            )
        ),
    )


def target(row: Row) -> str:
    """What a route leads to, by its id or ARN; a kind that is not known here by all it says."""
    known = next((row[key] for key in TARGETS if row.get(key)), None)
    rest = (f"{key} {value}" for key, value in sorted(row.items()) if value)
    return str(known or ", ".join(rest))


def security_rule(row: Row) -> SecurityRule | None:
    """A rule about an IPv4 range or a group; None for any other."""
    group = row.get("ReferencedGroupInfo", {}).get("GroupId")
    if not (group or row.get("CidrIpv4")):
        return None
    return SecurityRule(
        id=row["SecurityGroupRuleId"],
        egress=row["IsEgress"],
        protocol=str(row["IpProtocol"]),
        from_port=row.get("FromPort"),
        to_port=row.get("ToPort"),
        peer=group or IPv4Network(row["CidrIpv4"]),
    )
