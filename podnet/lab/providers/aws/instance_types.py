"""Look-ups of instance types: what one is, and where it is offered."""

from __future__ import annotations

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.providers.aws.arguments import filters, known
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import ProviderError, Values

TYPE = "aws:ec2/getInstanceType:getInstanceType"
TYPES = "aws:ec2/getInstanceTypes:getInstanceTypes"
OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"


def get_instance_type(session: Session, args: Values) -> Values:
    """A type by its name; what there is of network, memory and processors."""
    known(TYPE, args, {"instanceType"})
    name = args.get("instanceType")
    try:
        found = session.ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]
    except ClientError as error:
        raise ProviderError(
            f"reading EC2 Instance Type ({name}): {error}", rule="aws-instance-type-unknown"
        ) from error
    network, processor, counts = found["NetworkInfo"], found["ProcessorInfo"], found["VCpuInfo"]
    return {
        "id": name,
        "region": session.region,
        "instanceType": name,
        "bareMetal": found["BareMetal"],
        "burstablePerformanceSupported": found["BurstablePerformanceSupported"],
        "currentGeneration": found["CurrentGeneration"],
        "defaultCores": counts.get("DefaultCores", 0),
        "defaultThreadsPerCore": counts.get("DefaultThreadsPerCore", 0),
        "defaultVcpus": counts["DefaultVCpus"],
        "hypervisor": found.get("Hypervisor", ""),
        "maximumIpv4AddressesPerInterface": network["Ipv4AddressesPerInterface"],
        "maximumNetworkInterfaces": network["MaximumNetworkInterfaces"],
        "memorySize": found["MemoryInfo"]["SizeInMiB"],
        "networkPerformance": network["NetworkPerformance"],
        "supportedArchitectures": processor["SupportedArchitectures"],
        "supportedVirtualizationTypes": found["SupportedVirtualizationTypes"],
    }


def get_instance_types(session: Session, args: Values) -> Values:
    """The names of the types that fit."""
    known(TYPES, args, {"filters"})
    found = session.all(
        session.ec2, "describe_instance_types", "InstanceTypes", Filters=filters(args)
    )
    return {
        "id": session.region,
        "region": session.region,
        "instanceTypes": [one["InstanceType"] for one in found],
        "filters": args.get("filters"),
    }


def get_instance_type_offerings(session: Session, args: Values) -> Values:
    """Which types are offered where: three lists whose items belong together, in no order."""
    known(OFFERINGS, args, {"filters", "locationType"})
    place = {"LocationType": args["locationType"]} if args.get("locationType") else {}
    found = session.all(
        session.ec2,
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        Filters=filters(args),
        **place,
    )
    return {
        "id": session.region,
        "region": session.region,
        "instanceTypes": [one["InstanceType"] for one in found],
        "locations": [one["Location"] for one in found],
        "locationTypes": [one["LocationType"] for one in found],
        "filters": args.get("filters"),
        "locationType": args.get("locationType"),
    }
