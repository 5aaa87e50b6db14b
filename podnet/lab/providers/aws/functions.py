"""Functions of the AWS provider that a program may call."""

from __future__ import annotations

import re
from collections.abc import Callable

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.providers.aws import instance_types, zones
from podnet.lab.providers.aws.arguments import filters, ids_that_fit, known, tag_filters
from podnet.lab.providers.aws.ec2 import lookups
from podnet.lab.providers.aws.session import Session, gone_is_fine, is_gone
from podnet.lab.providers.aws.ssm import SECURE
from podnet.lab.providers.protocol import ProviderError, Values

IMAGE = {
    "architecture": "Architecture",
    "creationDate": "CreationDate",
    "description": "Description",
    "hypervisor": "Hypervisor",
    "imageLocation": "ImageLocation",
    "imageType": "ImageType",
    "name": "Name",
    "ownerId": "OwnerId",
    "rootDeviceName": "RootDeviceName",
    "rootDeviceType": "RootDeviceType",
    "state": "State",
    "virtualizationType": "VirtualizationType",
}
"""The properties of an image: names of the provider, and of the API."""


def get_ami(session: Session, args: Values) -> Values:
    """The one image that fits, or the newest of them where that is asked for."""
    known(
        "aws:ec2/getAmi:getAmi",
        args,
        {"owners", "mostRecent", "filters", "nameRegex", "includeDeprecated"},
    )
    request = {"Owners": args["owners"]} if args.get("owners") else {}
    images = session.all(session.ec2, "describe_images", "Images", Filters=filters(args), **request)
    if pattern := args.get("nameRegex"):
        images = [image for image in images if re.search(pattern, image.get("Name", ""))]
    asked = f"owners {args.get('owners') or 'any'}, " + ", ".join(
        f"{one['name']} {' or '.join(one['values'])}" for one in args.get("filters") or []
    )
    if not images:
        raise ProviderError(
            f"no image fits ({asked}); change the query, or set podnet:imageId",
            rule="aws-image-not-found",
        )
    if len(images) > 1 and not args.get("mostRecent"):
        raise ProviderError(
            f"{len(images)} images fit ({asked}); ask for the most recent one",
            rule="aws-image-ambiguous",
        )
    newest = max(images, key=lambda image: str(image.get("CreationDate", "")))
    return {
        **{name: newest.get(key, "") for name, key in IMAGE.items()},
        "id": newest["ImageId"],
        "imageId": newest["ImageId"],
        "blockDeviceMappings": [
            {"deviceName": one["DeviceName"], "ebs": {"volume_size": str(size)}}
            for one in newest.get("BlockDeviceMappings", [])
            if (size := one.get("Ebs", {}).get("VolumeSize"))
        ],
        "public": newest.get("Public", False),
        "arn": f"arn:{session.partition}:ec2:{session.region}::image/{newest['ImageId']}",
        "tags": session.read_tags(newest.get("Tags", [])),
        "region": session.region,
        "includeDeprecated": args.get("includeDeprecated", False),
        **{name: args.get(name) for name in ("owners", "mostRecent", "filters", "nameRegex")},
    }


def get_vpcs(session: Session, args: Values) -> Values:
    """The VPCs that fit."""
    known("aws:ec2/getVpcs:getVpcs", args, {"filters", "tags"})
    return ids_that_fit(session, args, "describe_vpcs", "Vpcs", "VpcId")


def get_instances(session: Session, args: Values) -> Values:
    """The instances that fit: running ones, where no other states are asked for."""
    known(
        "aws:ec2/getInstances:getInstances", args, {"filters", "instanceTags", "instanceStateNames"}
    )
    states = args.get("instanceStateNames") or ["running"]
    reservations = session.all(
        session.ec2,
        "describe_instances",
        "Reservations",
        Filters=[
            *filters(args),
            *tag_filters(args.get("instanceTags")),
            {"Name": "instance-state-name", "Values": states},
        ],
    )
    found = [one for reservation in reservations for one in reservation["Instances"]]
    return {
        "id": session.region,
        "region": session.region,
        "ids": [one["InstanceId"] for one in found],
        "privateIps": [one["PrivateIpAddress"] for one in found],
        "publicIps": [one["PublicIpAddress"] for one in found if one.get("PublicIpAddress")],
        "ipv6Addresses": [],
        "instanceStateNames": args.get("instanceStateNames"),
        "instanceTags": args.get("instanceTags"),
        "filters": args.get("filters"),
    }


def get_service_quota(session: Session, args: Values) -> Values:
    """A quota of the account, and what accounts have by default.

    The default is asked for first, and a refusal of it is the answer: an account has a quota of its
    own only where it was changed.
    """
    token = "aws:servicequotas/getServiceQuota:getServiceQuota"  # noqa: S105  # a type token
    known(token, args, {"serviceCode", "quotaCode"})
    asked = {"ServiceCode": args["serviceCode"], "QuotaCode": args["quotaCode"]}
    default = session.quotas.get_aws_default_service_quota(**asked)["Quota"]
    own = default
    with gone_is_fine():
        own = session.quotas.get_service_quota(**asked)["Quota"]
    return {
        "id": default["QuotaArn"],
        "arn": own["QuotaArn"],
        "region": session.region,
        "serviceCode": default["ServiceCode"],
        "serviceName": default["ServiceName"],
        "quotaCode": default["QuotaCode"],
        "quotaName": default["QuotaName"],
        "value": own["Value"],
        "defaultValue": default["Value"],
        "adjustable": default["Adjustable"],
        "globalQuota": default["GlobalQuota"],
        "usageMetrics": [],
    }


def get_parameter(session: Session, args: Values) -> Values:
    """A parameter of Systems Manager; a secret one in clear unless that is declined."""
    known("aws:ssm/getParameter:getParameter", args, {"name", "withDecryption"})
    clear = args.get("withDecryption") is not False
    try:
        found = session.ssm.get_parameter(Name=args["name"], WithDecryption=clear)["Parameter"]
    except ClientError as error:
        if not is_gone(error):
            raise
        raise ProviderError(
            f"there is no parameter {args['name']}", rule="aws-parameter-missing"
        ) from error
    # The provider keeps a value that is no secret in a second place, where it is not sealed.
    plain = "" if found["Type"] == SECURE else found["Value"]
    return {
        "id": found["Name"],
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": plain,
        "version": found["Version"],
        "withDecryption": clear,
        "region": session.region,
    }


def get_parameters_by_path(session: Session, args: Values) -> Values:
    """The parameters in a folder; all values are secret to the provider, whatever their types."""
    known(BY_PATH, args, {"path", "recursive", "withDecryption"})
    clear = args.get("withDecryption") is not False
    found = session.all(
        session.ssm,
        "get_parameters_by_path",
        "Parameters",
        Path=args["path"],
        Recursive=bool(args.get("recursive")),
        WithDecryption=clear,
    )
    return {
        "id": args["path"],
        "path": args["path"],
        "arns": [one["ARN"] for one in found],
        "names": [one["Name"] for one in found],
        "types": [one["Type"] for one in found],
        "values": [one["Value"] for one in found],
        "recursive": args.get("recursive"),
        "withDecryption": clear,
        "region": session.region,
    }


BY_PATH = "aws:ssm/getParametersByPath:getParametersByPath"
SECRET = {
    "aws:ssm/getParameter:getParameter": frozenset({"value"}),
    BY_PATH: frozenset({"values"}),
}
"""Secret properties of a function's answer."""

FUNCTIONS: dict[str, Callable[[Session, Values], Values]] = {
    "aws:ec2/getAmi:getAmi": get_ami,
    zones.PARTITION: zones.get_partition,
    zones.ZONES: zones.get_availability_zones,
    instance_types.TYPE: instance_types.get_instance_type,
    instance_types.TYPES: instance_types.get_instance_types,
    instance_types.OFFERINGS: instance_types.get_instance_type_offerings,
    "aws:ec2/getVpcs:getVpcs": get_vpcs,
    "aws:ec2/getInstances:getInstances": get_instances,
    "aws:ec2/getNetworkInterfaces:getNetworkInterfaces": lookups.get_network_interfaces,
    "aws:ec2/getNetworkInterface:getNetworkInterface": lookups.get_network_interface,
    "aws:ec2/getRouteTables:getRouteTables": lookups.get_route_tables,
    "aws:ec2/getRouteTable:getRouteTable": lookups.get_route_table,
    "aws:ec2/getSecurityGroups:getSecurityGroups": lookups.get_security_groups,
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": lookups.get_security_group_rule,
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": lookups.get_security_group_rules,
    "aws:servicequotas/getServiceQuota:getServiceQuota": get_service_quota,
    "aws:ssm/getParameter:getParameter": get_parameter,
    BY_PATH: get_parameters_by_path,
}
