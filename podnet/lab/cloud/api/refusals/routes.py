"""Routes, their targets, and the associations of their tables."""

from __future__ import annotations

from ipaddress import IPv4Network

from podnet.lab.clients import Client
from podnet.lab.cloud.api import quotas
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import Row, exists, rule
from podnet.plan.quotas import quota


@rule("CreateRoute", "ReplaceRoute")
def destination_lies_outside_the_vpc(call: Call, ec2: Client) -> None:
    """No route overrides the local one.

    On AWS a route more specific than `local` may send a whole subnet's traffic to a middlebox;
    the fabric does not model that, so it is refused here too.
    """
    table, destination = _table(call, ec2), _destination(call)
    if table is None or destination is None:
        return
    vpc = ec2.describe_vpcs(VpcIds=[table["VpcId"]])["Vpcs"][0]
    for association in vpc["CidrBlockAssociationSet"]:
        if association["CidrBlockState"]["State"] != "associated":
            continue
        if destination.subnet_of(IPv4Network(association["CidrBlock"])):
            raise ApiError(
                "InvalidParameterValue",
                f"The destination CIDR block {destination} is equal to or more specific "
                "than one of this VPC's CIDR blocks. This route can target only an "
                "interface or an instance.",
            )


@rule("CreateRoute")
def destination_is_new_to_the_table(call: Call, ec2: Client) -> None:
    """A table has one route per destination, and no more routes than the quota."""
    table, destination = _table(call, ec2), _destination(call)
    if table is None or destination is None:
        return
    existing = [
        route["DestinationCidrBlock"]
        for route in table["Routes"]
        if "DestinationCidrBlock" in route
    ]
    if str(destination) in existing:
        raise ApiError(
            "RouteAlreadyExists", f"The route identified by {destination} already exists."
        )
    most = quotas.limit(quota.ROUTES)
    if len(existing) >= most:
        raise ApiError(
            "RouteLimitExceeded", f"The maximum number of routes has been reached: {most}"
        )


@rule("CreateRoute", "ReplaceRoute")
def target_is_in_the_same_vpc(call: Call, ec2: Client) -> None:
    """A route's target is an interface of its VPC, or to the gateway attached to it."""
    table = _table(call, ec2)
    if table is None:
        return
    if eni_id := call.get("NetworkInterfaceId"):
        eni = exists(
            lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[eni_id]),
            "NetworkInterfaces",
        )
        if eni and eni["VpcId"] != table["VpcId"]:
            raise ApiError(
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
            raise ApiError(
                "InvalidParameterValue",
                f"route table {table['RouteTableId']} and network gateway {gateway_id} "
                "belong to different networks",
            )


@rule("AssociateRouteTable")
def subnet_has_one_table(call: Call, ec2: Client) -> None:
    """A subnet is associated with one table; another one must be given by replacing."""
    subnet_id = call.get("SubnetId")
    if subnet_id is None:
        return
    tables = ec2.describe_route_tables(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}]
    )["RouteTables"]
    for table in tables:
        if table["RouteTableId"] != call.get("RouteTableId"):
            raise ApiError(
                "Resource.AlreadyAssociated",
                f"the specified association for subnet {subnet_id} conflicts with an "
                f"existing association with route table {table['RouteTableId']}",
            )


@rule("AttachInternetGateway")
def vpc_has_one_gateway(call: Call, ec2: Client) -> None:
    """A VPC has one internet gateway; moto itself checks that a gateway has one VPC."""
    vpc_id = call.get("VpcId")
    if ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])[
        "InternetGateways"
    ]:
        raise ApiError(
            "InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached"
        )


def _table(call: Call, ec2: Client) -> Row | None:
    table_id = call.get("RouteTableId")
    return exists(lambda: ec2.describe_route_tables(RouteTableIds=[table_id]), "RouteTables")


def _destination(call: Call) -> IPv4Network | None:
    raw = call.get("DestinationCidrBlock")
    try:
        # AWS takes a block with host bits and clears them.
        return IPv4Network(raw, strict=False) if raw else None
    except ValueError:
        return None
