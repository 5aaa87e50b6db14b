"""Nothing is deleted or detached that something else depends on."""

from __future__ import annotations

from typing import Any

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import exists, rule


def _in_use(kind: str, id_: str | None) -> ApiError:
    return ApiError(
        "DependencyViolation", f"The {kind} '{id_}' has dependencies and cannot be deleted."
    )


@rule("DeleteSubnet")
def subnet_is_empty(call: Call, ec2: Client) -> None:
    """A subnet with a network interface stays."""
    subnet_id = call.get("SubnetId")
    if _interfaces(ec2, "subnet-id", subnet_id):
        raise _in_use("subnet", subnet_id)


@rule("DeleteVpc")
def vpc_is_empty(call: Call, ec2: Client) -> None:
    """A VPC with an internet gateway, or with a security group beside the default one, stays."""
    vpc_id = call.get("VpcId")
    gateways = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    )["InternetGateways"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])[
        "SecurityGroups"
    ]
    if gateways or any(group["GroupName"] != "default" for group in groups):
        raise _in_use("vpc", vpc_id)


@rule("DetachInternetGateway")
def gateway_serves_no_public_address(call: Call, ec2: Client) -> None:
    """A gateway stays attached while an interface of the VPC has a public address."""
    vpc_id = call.get("VpcId")
    if any(
        eni.get("Association", {}).get("PublicIp") for eni in _interfaces(ec2, "vpc-id", vpc_id)
    ):
        raise ApiError(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). Please unmap those "
            "public address(es) before detaching the gateway.",
        )


@rule("DeleteNetworkInterface")
def interface_is_detached(call: Call, ec2: Client) -> None:
    """An interface that is attached to an instance stays."""
    eni_id = call.get("NetworkInterfaceId")
    eni = exists(
        lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[eni_id]), "NetworkInterfaces"
    )
    if eni and eni["Status"] == "in-use":
        raise ApiError(
            "InvalidParameterValue", f"Network interface '{eni_id}' is currently in use."
        )


@rule("DeleteSecurityGroup")
def group_is_unused(call: Call, ec2: Client) -> None:
    """A group stays that is a VPC's default, is on an interface, or is named by another group."""
    group_id = call.get("GroupId")
    group = exists(lambda: ec2.describe_security_groups(GroupIds=[group_id]), "SecurityGroups")
    if group is None:
        return
    if group["GroupName"] == "default":
        raise ApiError(
            "CannotDelete",
            f'the specified group: "{group_id}" name: "default" cannot be deleted by a user',
        )
    others = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [group["VpcId"]]}])[
        "SecurityGroups"
    ]
    if _interfaces(ec2, "group-id", group_id) or any(
        _names(other, group_id) for other in others if other["GroupId"] != group_id
    ):
        raise ApiError("DependencyViolation", f"resource {group_id} has a dependent object")


@rule("DeleteRouteTable")
def table_is_not_the_main_one(call: Call, ec2: Client) -> None:
    """The main route table of a VPC goes with the VPC only."""
    table_id = call.get("RouteTableId")
    table = exists(lambda: ec2.describe_route_tables(RouteTableIds=[table_id]), "RouteTables")
    if table and any(association["Main"] for association in table["Associations"]):
        raise _in_use("routeTable", table_id)


def _interfaces(ec2: Client, name: str, value: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2.describe_network_interfaces(
        Filters=[{"Name": name, "Values": [value or ""]}]
    )["NetworkInterfaces"]
    return found


def _names(group: dict[str, Any], group_id: str | None) -> bool:
    return any(
        pair.get("GroupId") == group_id
        for permission in [*group["IpPermissions"], *group["IpPermissionsEgress"]]
        for pair in permission["UserIdGroupPairs"]
    )
