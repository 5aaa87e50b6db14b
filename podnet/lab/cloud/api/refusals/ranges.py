"""Ranges of VPCs, and reservations of subnets."""

from __future__ import annotations

from ipaddress import IPv4Network

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import Row, exists, rule
from podnet.plan.vpc_ranges import restriction

LARGEST, SMALLEST = 16, 28


@rule("AssociateVpcCidrBlock")
def range_goes_with_those_of_the_vpc(call: Call, ec2: Client) -> None:
    """A range that is added is of the right size, overlaps no other, and is not restricted.

    VPC User Guide, "VPC CIDR blocks". moto itself refuses more than the quota.
    """
    vpc_id, raw = call.get("VpcId"), call.get("CidrBlock")
    vpc = exists(lambda: ec2.describe_vpcs(VpcIds=[vpc_id]), "Vpcs")
    if vpc is None or raw is None:
        return
    added = IPv4Network(raw, strict=False)
    if not LARGEST <= added.prefixlen <= SMALLEST:
        raise ApiError("InvalidVpc.Range", f"The CIDR '{raw}' is invalid.")
    for one in ranges(vpc):
        if added.overlaps(one):
            raise ApiError("CidrConflict", f"The CIDR '{raw}' conflicts with another range of it")
        if restriction(one, added):
            raise ApiError(
                "InvalidVpc.Range",
                f"The CIDR '{raw}' is restricted. Use a CIDR from the same private address range "
                "as the current VPC CIDR, or use a publicly-routable CIDR.",
            )


@rule("AssociateVpcCidrBlock")
def range_is_no_larger_than_a_route(call: Call, ec2: Client) -> None:
    """No table routes a part of a range that is added elsewhere."""
    vpc_id, raw = call.get("VpcId"), call.get("CidrBlock")
    if raw is None:
        return
    added = IPv4Network(raw, strict=False)
    for table in ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])[
        "RouteTables"
    ]:
        for route in table["Routes"]:
            destination = route.get("DestinationCidrBlock")
            if destination and IPv4Network(destination).subnet_of(added):
                raise ApiError(
                    "InvalidVpc.Range",
                    f"The CIDR '{raw}' is the same as, or larger than, the route {destination} of "
                    f"{table['RouteTableId']}.",
                )


@rule("DisassociateVpcCidrBlock")
def range_has_no_subnet(call: Call, ec2: Client) -> None:
    """A range with a subnet stays."""
    association = call.get("AssociationId") or ""
    for vpc in ec2.describe_vpcs(
        Filters=[{"Name": "cidr-block-association.association-id", "Values": [association]}]
    )["Vpcs"]:
        (taken,) = (
            IPv4Network(each["CidrBlock"])
            for each in vpc["CidrBlockAssociationSet"]
            if each["AssociationId"] == association
        )
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
        if any(IPv4Network(each["CidrBlock"]).subnet_of(taken) for each in subnets["Subnets"]):
            raise ApiError(
                "InvalidCidrBlock.InUse",
                f"The vpc {vpc['VpcId']} currently has a subnet within CIDR block {taken}",
            )


@rule("CreateSubnet")
def subnet_lies_in_a_range(call: Call, ec2: Client) -> None:
    """A subnet lies in one range of its VPC; moto also takes one that was taken from it."""
    vpc_id, raw = call.get("VpcId"), call.get("CidrBlock")
    vpc = exists(lambda: ec2.describe_vpcs(VpcIds=[vpc_id]), "Vpcs")
    if vpc is None or raw is None:
        return
    wanted = IPv4Network(raw, strict=False)
    if not any(wanted.subnet_of(one) for one in ranges(vpc)):
        raise ApiError("InvalidSubnet.Range", f"The CIDR '{raw}' is invalid.")


def ranges(vpc: Row) -> list[IPv4Network]:
    """The ranges that a VPC has."""
    return [
        IPv4Network(each["CidrBlock"])
        for each in vpc["CidrBlockAssociationSet"]
        if each["CidrBlockState"]["State"] in ("associating", "associated")
    ]
