"""Refuses what the fabric does not model, with the id it was found on and the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network
from typing import Any, Never

from podnet.lab.cloud.world.model import Eni, UnmodelledError

Row = dict[str, Any]

# Of these a VPC must have none at all: call, key of the answer, key of the id, what it is.
SERVICES = (
    ("describe_nat_gateways", "NatGateways", "NatGatewayId", "a NAT gateway"),
    (
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "a VPC peering connection",
    ),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "a VPC endpoint"),
    (
        "describe_transit_gateway_attachments",
        "TransitGatewayAttachments",
        "TransitGatewayAttachmentId",
        "a transit gateway attachment",
    ),
    (
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
        "an egress-only internet gateway",
    ),
    ("describe_vpn_gateways", "VpnGateways", "VpnGatewayId", "a VPN gateway"),
)
GONE = ("deleted", "deleting", "failed", "rejected", "expired")

ROUTE_KEYS = {
    "DestinationCidrBlock",
    "GatewayId",
    "InstanceId",
    "InstanceOwnerId",
    "NetworkInterfaceId",
    "Origin",
    "State",
}
DEFAULT_ENTRIES = {
    ("0.0.0.0/0", egress, "-1", action, number)
    for egress in (True, False)
    for action, number in (("allow", 100), ("deny", 32767))
}


def _refuse(thing: str, what: str) -> Never:
    raise UnmodelledError(
        f"{thing} {what}, which the lab does not model; remove it, or try it on AWS",
        rule="not-modelled",
    )


def services(describe: Callable[[str, str], list[Row]]) -> None:
    """Refuse what a VPC must not contain, and network ACLs other than the default one."""
    for call, key, id_key, what in SERVICES:
        for row in describe(call, key):
            state = row.get("State") or row.get("Status") or ""
            if isinstance(state, dict):
                state = state.get("Code", "")
            if state.lower() not in GONE:
                _refuse(row[id_key], f"is {what}")
    for row in describe("describe_network_acls", "NetworkAcls"):
        entries = {
            (
                entry.get("CidrBlock"),
                entry["Egress"],
                str(entry["Protocol"]),
                entry["RuleAction"],
                entry["RuleNumber"],
            )
            for entry in row["Entries"]
        }
        if entries != DEFAULT_ENTRIES and (row["IsDefault"] or row["Associations"]):
            _refuse(row["NetworkAclId"], "is a network ACL with rules of its own")


def vpc(row: Row) -> None:
    """A VPC with other than one IPv4 range."""
    if row.get("Ipv6CidrBlockAssociationSet"):
        _refuse(row["VpcId"], "has an IPv6 range")
    ranges = [
        item["CidrBlock"]
        for item in row.get("CidrBlockAssociationSet", ())
        if item["CidrBlockState"]["State"] in ("associating", "associated")
    ]
    if len(ranges) > 1:
        _refuse(row["VpcId"], f"has several ranges ({', '.join(ranges)})")
    if row.get("DhcpOptionsId", "default") != "default":
        _refuse(row["VpcId"], f"uses the DHCP options {row['DhcpOptionsId']}")


def subnet(row: Row) -> None:
    """A subnet with IPv6."""
    if row.get("Ipv6CidrBlockAssociationSet") or row.get("Ipv6Native"):
        _refuse(row["SubnetId"], "has an IPv6 range")


def instance(row: Row) -> None:
    """An instance with several interfaces."""
    if row["State"]["Name"] != "terminated" and len(row["NetworkInterfaces"]) > 1:
        _refuse(row["InstanceId"], "has several network interfaces")


def eni(row: Row) -> None:
    """An interface with more than one IPv4 address, or of a service of AWS."""
    name = row["NetworkInterfaceId"]
    if row.get("InterfaceType", "interface") != "interface":
        _refuse(name, f"is an interface of type {row['InterfaceType']}")
    if row.get("Ipv6Addresses") or row.get("Ipv6Prefixes"):
        _refuse(name, "has an IPv6 address")
    if row.get("Ipv4Prefixes"):
        _refuse(name, "has delegated prefixes")
    if len(row.get("PrivateIpAddresses", ())) > 1:
        _refuse(name, "has secondary private addresses")


def duplicate_addresses(enis: Iterable[Eni]) -> None:
    """Two interfaces with an address that AWS gives only once."""
    seen: dict[object, str] = {}
    for one in enis:
        for key, value in (
            (one.vpc_id, one.address),
            (one.vpc_id, one.mac),
            ("the internet", one.public_address),
        ):
            other = seen.setdefault((key, value), one.id)
            if value and other != one.id:
                _refuse(one.id, f"has the address {value} in {key}, as has {other}")


def route_table(row: Row) -> None:
    """A table of a gateway, or with propagated routes."""
    for item in row["Associations"]:
        if "GatewayId" in item:
            _refuse(row["RouteTableId"], f"is associated with the gateway {item['GatewayId']}")
    if row.get("PropagatingVgws"):
        _refuse(row["RouteTableId"], "takes routes from a VPN gateway")


def route(table: str, row: Row, cidr: IPv4Network | None) -> None:
    """A route to, or by, anything but an IPv4 range and an instance, interface or gateway."""
    odd = {key for key, value in row.items() if value} - ROUTE_KEYS
    if odd:
        _refuse(
            table,
            f"has a route with {' and '.join(sorted(odd))} "
            f"({', '.join(str(row[key]) for key in sorted(odd))})",
        )
    gateway = row.get("GatewayId") or ""
    if gateway and not gateway.startswith("igw-"):
        _refuse(table, f"has a route to {gateway}")
    destination = IPv4Network(row["DestinationCidrBlock"])
    if cidr and destination.subnet_of(cidr):
        _refuse(table, f"has a route for {destination} inside the VPC's own range {cidr}")


def security_rule(row: Row) -> None:
    """A rule about anything but IPv4 ranges and groups of the same account."""
    name = f"{row['SecurityGroupRuleId']} of {row['GroupId']}"
    for key, what in (("CidrIpv6", "names an IPv6 range"), ("PrefixListId", "names a prefix list")):
        if row.get(key):
            _refuse(name, f"{what} ({row[key]})")
    if row.get("ReferencedGroupInfo", {}).get("VpcPeeringConnectionId"):
        _refuse(name, "refers to a group in a peered VPC")
    if str(row["IpProtocol"]) in ("icmpv6", "58"):
        _refuse(name, "is about ICMPv6")
