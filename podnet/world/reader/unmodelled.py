"""What EC2 describes and the model does not hold, each thing with what it touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Network
from typing import NamedTuple

from podnet.world.model import Eni, Unmodelled
from podnet.world.reader.calls import Api, Row
from podnet.world.reader.rows import target


class Service(NamedTuple):
    """A kind of thing that does nothing to packets but by routes to it, or interfaces of it."""

    call: str
    key: str
    id_key: str
    what: str


SERVICES = (
    Service("describe_nat_gateways", "NatGateways", "NatGatewayId", "is a NAT gateway"),
    Service(
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "is a VPC peering connection",
    ),
    Service("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "is a VPC endpoint"),
    Service(
        "describe_transit_gateway_attachments",
        "TransitGatewayAttachments",
        "TransitGatewayAttachmentId",
        "is a transit gateway attachment",
    ),
    Service(
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
        "is an egress-only internet gateway",
    ),
    Service("describe_vpn_gateways", "VpnGateways", "VpnGatewayId", "is a VPN gateway"),
)
GONE = ("deleted", "deleting", "failed", "rejected", "expired")

DEFAULT_ENTRIES = {
    ("0.0.0.0/0", egress, "-1", action, number)
    for egress in (True, False)
    for action, number in (("allow", 100), ("deny", 32767))
}
"""Of a network ACL that lets all pass (VPC User Guide, "Default network ACL")."""
DEFAULT_DNS = "AmazonProvidedDNS"
ROUTED = ("igw-", "eni-", "i-")
"""How the ids of targets begin that the model knows."""


def services(api: Api) -> Iterator[Unmodelled]:
    """Gateways, connections and endpoints; a packet meets one by a route or an interface."""
    for service in SERVICES:
        for row in api.all(service.call, service.key):
            state = row.get("State") or row.get("Status") or ""
            if isinstance(state, dict):
                state = state.get("Code", "")
            if state.lower() not in GONE and _is_of(row, api.vpc_id):
                yield Unmodelled(id=row[service.id_key], what=service.what)


def network_acls(api: Api) -> Iterator[Unmodelled]:
    """Network ACLs other than one that lets all pass.

    They see what enters or leaves a subnet (VPC User Guide, "Control subnet traffic with network
    access control lists").
    """
    for row in api.all("describe_network_acls", "NetworkAcls"):
        entries = {
            (
                entry["CidrBlock"],
                entry["Egress"],
                str(entry["Protocol"]),
                entry["RuleAction"],
                entry["RuleNumber"],
            )
            for entry in row["Entries"]
            if entry.get("CidrBlock")
        }
        if entries != DEFAULT_ENTRIES and (row["IsDefault"] or row["Associations"]):
            yield Unmodelled(
                id=row["NetworkAclId"],
                what="is a network ACL with rules of its own",
                touches=tuple(sorted(item["SubnetId"] for item in row["Associations"])),
            )


def vpc(row: Row, api: Api) -> Iterator[Unmodelled]:
    """IPv6 of a VPC, and DHCP options, which name other servers of names."""
    if row.get("Ipv6CidrBlockAssociationSet"):
        yield Unmodelled(id=row["VpcId"], what="has an IPv6 range")
    options = row.get("DhcpOptionsId", "default")
    if options != "default" and not _are_default(options, api):
        yield Unmodelled(id=row["VpcId"], what=f"uses the DHCP options {options}")


def subnet(row: Row) -> Iterator[Unmodelled]:
    """IPv6 of a subnet."""
    if row.get("Ipv6CidrBlockAssociationSet") or row.get("Ipv6Native"):
        yield Unmodelled(id=row["SubnetId"], what="has an IPv6 range")


def instance(row: Row) -> Iterator[Unmodelled]:
    """Several interfaces of an instance: its own routes decide by which it answers."""
    interfaces = row["NetworkInterfaces"]
    if row["State"]["Name"] != "terminated" and len(interfaces) > 1:
        yield Unmodelled(
            id=row["InstanceId"],
            what="has several network interfaces",
            touches=tuple(sorted(one["NetworkInterfaceId"] for one in interfaces)),
        )


def eni(row: Row) -> Iterator[Unmodelled]:
    """More than one IPv4 address, IPv6, or an interface of a service of AWS."""
    name = row["NetworkInterfaceId"]
    kind = row.get("InterfaceType", "interface")
    if kind != "interface":
        yield Unmodelled(id=name, what=f"is an interface of type {kind}", touches=(name,))
    if row.get("Ipv6Addresses") or row.get("Ipv6Prefixes"):
        yield Unmodelled(id=name, what="has an IPv6 address")
    if row.get("Ipv4Prefixes"):
        yield Unmodelled(id=name, what="has delegated prefixes")
    if len(row.get("PrivateIpAddresses", ())) > 1:
        yield Unmodelled(id=name, what="has secondary private addresses")


def duplicate_addresses(enis: Iterable[Eni]) -> Iterator[Unmodelled]:
    """Interfaces with an address that AWS gives only once."""
    seen: dict[object, str] = {}
    for one in enis:
        for place, value in (
            (one.vpc_id, one.address),
            (one.vpc_id, one.mac),
            ("the internet", one.public_address),
        ):
            other = seen.setdefault((place, value), one.id)
            if value and other != one.id:
                yield Unmodelled(
                    id=one.id,
                    what=f"has the address {value} in {place}, as has {other}",
                    touches=tuple(sorted((one.id, other))),
                )


def route_table(row: Row) -> Iterator[Unmodelled]:
    """A table of a gateway, which routes what comes in by it, or with propagated routes."""
    for item in row["Associations"]:
        if gateway := item.get("GatewayId"):
            what = f"is associated with the gateway {gateway}"
            yield Unmodelled(id=row["RouteTableId"], what=what, touches=(gateway,))
    if row.get("PropagatingVgws"):
        yield Unmodelled(id=row["RouteTableId"], what="takes routes from a VPN gateway")


def route(
    table: str, row: Row, cidrs: Collection[IPv4Network], prefix_endpoints: Collection[str]
) -> Iterator[Unmodelled]:
    """A route to, or by, anything but an IPv4 range and an instance, interface or gateway.

    `prefix_endpoints` are endpoints of type Gateway, whose prefix lists hold public addresses of
    one service of AWS alone (AWS PrivateLink, "Gateway endpoints").
    """
    leads_to = target(row)
    if row.get("DestinationPrefixListId"):
        what = f"has a route for the prefix list {row['DestinationPrefixListId']} to {leads_to}"
        touches = () if leads_to in prefix_endpoints else (table,)
        yield Unmodelled(id=table, what=what, touches=touches)
        return
    if not row.get("DestinationCidrBlock"):
        where = row.get("DestinationIpv6CidrBlock", "an unknown destination")
        yield Unmodelled(id=table, what=f"has a route for {where} to {leads_to}")
        return
    destination = IPv4Network(row["DestinationCidrBlock"])
    if not leads_to.startswith(ROUTED) and row.get("State") != "blackhole":
        what = f"has a route for {destination} to {leads_to}"
        yield Unmodelled(id=table, what=what, touches=(leads_to,))
    for cidr in cidrs:
        if destination.subnet_of(cidr):
            what = f"has a route for {destination} inside the VPC's own range {cidr}"
            yield Unmodelled(id=table, what=what, touches=(table,))


def security_rule(row: Row) -> Iterator[Unmodelled]:
    """A rule about anything but IPv4 ranges and groups of the same VPC.

    Rules only ever allow, so that one can but let pass what else is dropped.
    """
    group, name = row["GroupId"], row["SecurityGroupRuleId"]
    if row.get("CidrIpv6"):
        yield Unmodelled(id=name, what=f"of {group} names an IPv6 range ({row['CidrIpv6']})")
    if row.get("PrefixListId"):
        what = f"of {group} names a prefix list ({row['PrefixListId']})"
        yield Unmodelled(id=name, what=what, touches=(group,))
    if row.get("ReferencedGroupInfo", {}).get("VpcPeeringConnectionId"):
        what = f"of {group} refers to a group in a peered VPC"
        yield Unmodelled(id=name, what=what, touches=(group,))
    if str(row["IpProtocol"]) in ("icmpv6", "58"):
        yield Unmodelled(id=name, what=f"of {group} is about ICMPv6")


def _is_of(row: Row, vpc_id: str | None) -> bool:
    """Whether a row names this VPC, for calls that have no filter for it."""
    if vpc_id is None or not ("Attachments" in row or "AccepterVpcInfo" in row):
        return True
    ends = [*row.get("Attachments", ()), row.get("AccepterVpcInfo"), row.get("RequesterVpcInfo")]
    return any(end and end.get("VpcId") == vpc_id for end in ends)


def _are_default(options: str, api: Api) -> bool:
    """Whether DHCP options are as AWS gives them (VPC User Guide, "Default DHCP option set")."""
    answer = api.ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]
    found = {
        item["Key"]: [value["Value"] for value in item["Values"]]
        for each in answer
        for item in each["DhcpConfigurations"]
    }
    domains = found.pop("domain-name", [])
    names = ("ec2.internal", f"{api.ec2.meta.region_name}.compute.internal")
    return found == {"domain-name-servers": [DEFAULT_DNS]} and all(one in names for one in domains)
