"""What a launch may meet on AWS at any time: no capacity for its type, or a taken address."""

from __future__ import annotations

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call

ACTIONS = {"RunInstances", "StartInstances"}
OTHERS = "Somebody else's"
"""The description of an interface that takes an address."""


def no_capacity(call: Call, ec2: Client) -> ApiError:
    """AWS's refusal where a zone has no room for a type, with the status of an error of its own."""
    kind, subnet_id = call.get("InstanceType"), None
    for item in call.items("NetworkInterface"):
        subnet_id = item.get("SubnetId")
    zone = "of its subnet"
    if subnet_id:
        zone = ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"][0]["AvailabilityZone"]
    return ApiError(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {kind or 'such'} capacity in the Availability Zone "
        f"you requested ({zone}). Our system will be working on provisioning additional capacity.",
        500,
    )


def take_addresses(call: Call, ec2: Client) -> None:
    """Give the addresses that a launch asks for to an interface of somebody else, if free."""
    for item in call.items("NetworkInterface"):
        if "PrivateIpAddress" not in item:
            continue
        taken = ec2.describe_network_interfaces(
            Filters=[{"Name": "addresses.private-ip-address", "Values": [item["PrivateIpAddress"]]}]
        )["NetworkInterfaces"]
        if not taken:
            ec2.create_network_interface(
                SubnetId=item["SubnetId"],
                PrivateIpAddress=item["PrivateIpAddress"],
                Description=OTHERS,
            )
