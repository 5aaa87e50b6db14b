"""What the services and the instances need to know, read from the public API in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

GONE = ("shutting-down", "terminated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """A network interface of an instance, and the subnet it is in."""

    eni_id: str
    mac: str
    device: int
    vpc_id: str
    subnet_id: str
    address: IPv4Address
    public_address: IPv4Address | None
    subnet: IPv4Network
    vpc: IPv4Network
    groups: Mapping[str, str]
    """Security group names by id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One instance as the API describes it."""

    id: str
    state: str
    type: str
    image_id: str
    zone: str
    region: str
    account: str
    reservation_id: str
    launched: str
    name: str
    """Private DNS name."""
    tokens_required: bool
    hop_limit: int
    endpoint_enabled: bool
    tags_enabled: bool
    profile_arn: str | None
    profile_id: str | None
    role: str | None
    tags: Mapping[str, str]
    interfaces: tuple[Interface, ...]
    """The primary one first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All instances that are not terminated, by id."""

    instances: Mapping[str, Instance] = field(default_factory=dict)

    def at(self, vpc_id: str, address: IPv4Address) -> Instance | None:
        """The instance with this address in this VPC."""
        return next(
            (
                instance
                for instance in self.instances.values()
                for interface in instance.interfaces
                if (interface.vpc_id, interface.address) == (vpc_id, address)
            ),
            None,
        )

    def interfaces(self, vpc_id: str) -> list[Interface]:
        """The interfaces of all instances in this VPC."""
        return [
            interface
            for instance in self.instances.values()
            for interface in instance.interfaces
            if interface.vpc_id == vpc_id
        ]


def read(ec2: Any, iam: Any) -> Facts:  # noqa: ANN401  # boto3 clients have no static type
    """Facts about every instance; clients of one region."""
    found = [
        (reservation, instance)
        for page in ec2.get_paginator("describe_instances").paginate()
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in GONE
    ]
    if not found:
        return Facts()
    subnets = {
        item["SubnetId"]: IPv4Network(item["CidrBlock"])
        for page in ec2.get_paginator("describe_subnets").paginate()
        for item in page["Subnets"]
    }
    vpcs = {
        item["VpcId"]: IPv4Network(item["CidrBlock"])
        for page in ec2.get_paginator("describe_vpcs").paginate()
        for item in page["Vpcs"]
    }
    profiles = {
        instance["IamInstanceProfile"]["Arn"]
        for _, instance in found
        if "IamInstanceProfile" in instance
    }
    roles = {arn: _role(iam, arn) for arn in profiles}
    return Facts(
        instances={
            instance["InstanceId"]: _instance(ec2, reservation, instance, roles, (subnets, vpcs))
            for reservation, instance in found
        }
    )


def _instance(
    ec2: Any,
    reservation: dict[str, Any],
    item: dict[str, Any],  # noqa: ANN401
    roles: Mapping[str, str | None],
    networks: tuple[dict[str, IPv4Network], dict[str, IPv4Network]],
) -> Instance:
    options = item.get("MetadataOptions", {})
    profile = item.get("IamInstanceProfile", {})
    interfaces = [_interface(interface, *networks) for interface in item["NetworkInterfaces"]]
    return Instance(
        id=item["InstanceId"],
        state=item["State"]["Name"],
        type=item["InstanceType"],
        image_id=item["ImageId"],
        zone=item["Placement"]["AvailabilityZone"],
        region=ec2.meta.region_name,
        account=reservation["OwnerId"],
        reservation_id=reservation["ReservationId"],
        launched=item["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        name=item.get("PrivateDnsName", ""),
        tokens_required=options.get("HttpTokens") == "required",
        hop_limit=options.get("HttpPutResponseHopLimit", 1),
        endpoint_enabled=options.get("HttpEndpoint", "enabled") == "enabled",
        tags_enabled=options.get("InstanceMetadataTags") == "enabled",
        profile_arn=profile.get("Arn"),
        profile_id=profile.get("Id"),
        role=roles.get(profile.get("Arn", "")),
        tags={tag["Key"]: tag["Value"] for tag in item.get("Tags", [])},
        interfaces=tuple(sorted(interfaces, key=lambda interface: interface.device)),
    )


def _interface(
    item: dict[str, Any], subnets: dict[str, IPv4Network], vpcs: dict[str, IPv4Network]
) -> Interface:
    public = item.get("Association", {}).get("PublicIp")
    return Interface(
        eni_id=item["NetworkInterfaceId"],
        mac=item["MacAddress"].lower(),
        device=item["Attachment"]["DeviceIndex"],
        vpc_id=item["VpcId"],
        subnet_id=item["SubnetId"],
        address=IPv4Address(item["PrivateIpAddress"]),
        public_address=IPv4Address(public) if public else None,
        subnet=subnets[item["SubnetId"]],
        vpc=vpcs[item["VpcId"]],
        groups={group["GroupId"]: group["GroupName"] for group in item["Groups"]},
    )


def _role(iam: Any, arn: str) -> str | None:  # noqa: ANN401
    name = arn.rpartition("/")[2]
    try:
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return next((role["RoleName"] for role in roles), None)


def merge(parts: Sequence[Facts]) -> Facts:
    """The facts of several regions as one."""
    return Facts(
        instances={
            instance_id: instance
            for part in parts
            for instance_id, instance in part.instances.items()
        }
    )
