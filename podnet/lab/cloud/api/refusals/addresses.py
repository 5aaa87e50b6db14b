"""Private addresses of network interfaces."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import exists, rule

RESERVED_FIRST = 4
"""AWS keeps these and the last one of each subnet (VPC User Guide, "Subnet sizing")."""


@rule("RunInstances")
def addresses_of_a_launch_are_free(call: Call, ec2: Client) -> None:
    """Every requested address lies in its subnet, is not reserved and is not taken."""
    wanted = [
        (item.get("SubnetId"), item["PrivateIpAddress"])
        for item in call.items("NetworkInterface")
        if "PrivateIpAddress" in item
    ]
    for subnet_id, address in wanted:
        _check(subnet_id, address, ec2)
    if wanted and call.get("MaxCount") not in (None, "1"):
        raise ApiError(
            "InvalidParameterCombination",
            "You can not specify a private IP address when launching several instances",
        )
    if len(set(wanted)) < len(wanted):
        raise ApiError("InvalidIPAddress.InUse", f"Address {wanted[0][1]} is in use.")


@rule("CreateNetworkInterface")
def address_of_an_interface_is_free(call: Call, ec2: Client) -> None:
    """The requested address lies in its subnet, is not reserved and is not taken."""
    if address := call.get("PrivateIpAddress"):
        _check(call.get("SubnetId"), address, ec2)


def _check(subnet_id: str | None, address: str, ec2: Client) -> None:
    if subnet_id is None:
        return
    subnet = exists(lambda: ec2.describe_subnets(SubnetIds=[subnet_id]), "Subnets")
    if subnet is None:
        return
    cidr, wanted = IPv4Network(subnet["CidrBlock"]), IPv4Address(address)
    if wanted not in cidr:
        raise ApiError(
            "InvalidParameterValue",
            f"Address {address} does not fall within the subnet's address range",
        )
    if int(wanted) - int(cidr[0]) < RESERVED_FIRST or wanted == cidr[-1]:
        raise ApiError(
            "InvalidParameterValue", f"Address {address} is in subnet's reserved address range"
        )
    if ec2.describe_network_interfaces(
        Filters=[
            {"Name": "subnet-id", "Values": [subnet_id]},
            {"Name": "addresses.private-ip-address", "Values": [address]},
        ]
    )["NetworkInterfaces"]:
        raise ApiError("InvalidIPAddress.InUse", f"Address {address} is in use.")
