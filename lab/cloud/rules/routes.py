"""Routes, and what they hang on."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from lab.cloud.call import Call
from lab.cloud.rules import Refused, exists, rule

MOST_ROUTES = 500
"""AWS's default quota of routes in a table, L-93826ACB; the local route is not counted."""


@rule("CreateRoute", "ReplaceRoute")
def destination_lies_outside_the_vpc(call: Call, ec2: Any) -> None:  # noqa: ANN401
    """No route overrides the local one.

    On AWS a route more specific than `local` may lead a whole subnet's traffic to a middlebox;
    the fabric does not model that, so it is refused here too.
    """
    table, destination = _table(call, ec2), _destination(call)
    if table is None or destination is None:
        return
    vpc = ec2.describe_vpcs(VpcIds=[table["VpcId"]])["Vpcs"][0]
    for association in vpc["CidrBlockAssociationSet"]:
        if destination.subnet_of(IPv4Network(association["CidrBlock"])):
            raise Refused(
                "InvalidParameterValue",
                f"The destination CIDR block {destination} is equal to or more specific "
                "than one of this VPC's CIDR blocks. This route can target only an "
                "interface or an instance.",
            )


@rule("CreateRoute")
def destination_is_new_to_the_table(call: Call, ec2: Any) -> None:  # noqa: ANN401
    """A table has one route a destination, and no more routes than the quota."""
    table, destination = _table(call, ec2), _destination(call)
    if table is None or destination is None:
        return
    there = [
        route["DestinationCidrBlock"]
        for route in table["Routes"]
        if "DestinationCidrBlock" in route and route.get("GatewayId") != "local"
    ]
    if str(destination) in there:
        raise Refused(
            "RouteAlreadyExists", f"The route identified by {destination} already exists."
        )
    if len(there) >= MOST_ROUTES:
        raise Refused(
            "RouteLimitExceeded", f"The maximum number of routes has been reached: {MOST_ROUTES}"
        )


@rule("CreateRoute", "ReplaceRoute")
def target_is_in_the_same_vpc(call: Call, ec2: Any) -> None:  # noqa: ANN401
    """A route leads to an interface of its VPC, or to the gateway attached to it."""
    table = _table(call, ec2)
    if table is None:
        return
    if eni_id := call.get("NetworkInterfaceId"):
        eni = exists(
            lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[eni_id]),
            "NetworkInterfaces",
        )
        if eni and eni["VpcId"] != table["VpcId"]:
            raise Refused(
                "InvalidParameterValue",
                f"route table {table['RouteTableId']} and interface {eni_id} belong to "
                "different networks",
            )
    gateway_id = call.get("GatewayId")
    if gateway_id and gateway_id.startswith("igw-"):
        gateway = exists(
            lambda: ec2.describe_internet_gateways(InternetGatewayIds=[gateway_id]),
            "InternetGateways",
        )
        if gateway and table["VpcId"] not in [one["VpcId"] for one in gateway["Attachments"]]:
            raise Refused(
                "InvalidParameterValue",
                f"route table {table['RouteTableId']} and network gateway {gateway_id} "
                "belong to different networks",
            )


@rule("AssociateRouteTable")
def subnet_has_one_table(call: Call, ec2: Any) -> None:  # noqa: ANN401
    """A subnet is associated with one table; another one must be given by replacing."""
    subnet_id = call.get("SubnetId")
    if subnet_id is None:
        return
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}]
    )["RouteTables"]
    for table in tables:
        if table["RouteTableId"] != call.get("RouteTableId"):
            raise Refused(
                "Resource.AlreadyAssociated",
                f"the specified association for subnet {subnet_id} conflicts with an "
                f"existing association with route table {table['RouteTableId']}",
            )


@rule("AttachInternetGateway")
def vpc_has_one_gateway(call: Call, ec2: Any) -> None:  # noqa: ANN401
    """A VPC has one internet gateway; that a gateway has one VPC, moto sees to."""
    vpc_id = call.get("VpcId")
    if ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])[
        "InternetGateways"
    ]:
        raise Refused(
            "InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached"
        )


def _table(call: Call, ec2: Any) -> Any:  # noqa: ANN401
    table_id = call.get("RouteTableId")
    return exists(lambda: ec2.describe_route_tables(RouteTableIds=[table_id]), "RouteTables")


def _destination(call: Call) -> IPv4Network | None:
    raw = call.get("DestinationCidrBlock")
    try:
        # AWS takes a block with host bits and clears them.
        return IPv4Network(raw, strict=False) if raw else None
    except ValueError:
        return None
