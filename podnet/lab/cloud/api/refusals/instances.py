"""Launches of instances, and actions by the instance's state."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import Row, exists, rule

MOST_USER_DATA = 16_384
METADATA_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
RESERVED_KEYS = (".", "..", "_index")
# Which states an instance may be in for an action (EC2 User Guide, "Instance lifecycle").
STATES = {
    "StartInstances": ("stopped", "stopping", "pending", "running"),
    "StopInstances": ("pending", "running", "stopping", "stopped"),
    "RebootInstances": ("pending", "running"),
}
PAST_TENSE = {
    "StartInstances": "started",
    "StopInstances": "stopped",
    "RebootInstances": "rebooted",
}


@rule("RunInstances", "ModifyInstanceAttribute")
def user_data_fits(call: Call, _: Client) -> None:
    """User data has at most 16,384 bytes before it is encoded."""
    raw = call.get("UserData")
    if call.get("Attribute") == "userData":
        raw = call.get("Value")
    if raw is None:
        return
    try:
        size = len(b64decode(raw, validate=True))
    except binascii.Error:
        raise ApiError(
            "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."
        ) from None
    if size > MOST_USER_DATA:
        raise ApiError("InvalidParameterValue", f"User data is limited to {MOST_USER_DATA} bytes")


@rule("RunInstances")
def image_exists(call: Call, ec2: Client) -> None:
    """The lab boots the images of its own list only."""
    image_id = call.get("ImageId")
    if image_id is None:
        return
    if exists(lambda: ec2.describe_images(ImageIds=[image_id]), "Images") is None:
        known = ", ".join(sorted(image["ImageId"] for image in ec2.describe_images()["Images"]))
        raise ApiError(
            "InvalidAMIID.NotFound",
            f"The image id '[{image_id}]' does not exist; the lab has {known}",
        )


@rule("RunInstances")
def volume_holds_its_image(call: Call, ec2: Client) -> None:
    """A volume has at least the size of the snapshot it begins with.

    EC2's own words, in scylladb/scylla-cluster-tests#2484 and aws/karpenter-provider-aws#3302.
    """
    image = exists(lambda: ec2.describe_images(ImageIds=[call.get("ImageId")]), "Images")
    mappings = image.get("BlockDeviceMappings", []) if image else []
    inside = {one["DeviceName"]: one["Ebs"] for one in mappings if "Ebs" in one}
    for item in call.items("BlockDeviceMapping"):
        volume = inside.get(item.get("DeviceName", ""))
        size = item.get("Ebs.VolumeSize")
        if volume and size and int(size) < volume["VolumeSize"]:
            raise ApiError(
                "InvalidBlockDeviceMapping",
                f"Volume of size {size}GB is smaller than snapshot '{volume['SnapshotId']}', "
                f"expect size >= {volume['VolumeSize']}GB",
            )


@rule("RunInstances")
def zone_offers_the_type(call: Call, ec2: Client) -> None:
    """An instance type is not offered in every zone (EC2 User Guide, error `Unsupported`)."""
    interface = next(iter(call.items("NetworkInterface")), {})
    subnet_id, kind = interface.get("SubnetId"), call.get("InstanceType")
    if not (subnet_id and kind):
        return
    subnet = exists(lambda: ec2.describe_subnets(SubnetIds=[subnet_id]), "Subnets")
    offers = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}]
    )["InstanceTypeOfferings"]
    zones = sorted(one["Location"] for one in offers)
    if subnet and subnet["AvailabilityZone"] not in zones:
        raise ApiError(
            "Unsupported",
            f"Your requested instance type ({kind}) is not supported in your requested "
            f"Availability Zone ({subnet['AvailabilityZone']}). Please retry your request by not "
            f"specifying an Availability Zone or choosing {', '.join(zones)}.",
        )


@rule("StartInstances", "StopInstances", "RebootInstances")
def state_allows_it(call: Call, ec2: Client) -> None:
    """A terminated instance does nothing, a stopped one does not reboot."""
    for instance_id in call.values_of("InstanceId"):
        instance = _instance(ec2, instance_id)
        if instance and instance["State"]["Name"] not in STATES[call.action]:
            raise ApiError(
                "IncorrectInstanceState",
                f"The instance '{instance_id}' is not in a state from which it can be "
                f"{PAST_TENSE[call.action]}: {instance['State']['Name']}.",
            )


@rule("ModifyInstanceAttribute")
def instance_is_stopped(call: Call, ec2: Client) -> None:
    """User data and type are changed while the instance is stopped."""
    needs = call.get("Attribute") in ("userData", "instanceType") or any(
        key.startswith("InstanceType") for key in call.parameters
    )
    instance = _instance(ec2, call.get("InstanceId"))
    if needs and instance and instance["State"]["Name"] != "stopped":
        raise ApiError(
            "IncorrectInstanceState",
            f"The instance '{instance['InstanceId']}' is not in the 'stopped' state.",
        )


@rule("RunInstances", "CreateTags", "ModifyInstanceMetadataOptions")
def tag_keys_fit_into_metadata(call: Call, ec2: Client) -> None:
    """Tags in the metadata are paths, so their keys are limited while the metadata shows them."""
    keys = [item["Key"] for item in call.items("Tag") if "Key" in item]
    if call.action == "RunInstances":
        shown = call.get("MetadataOptions.InstanceMetadataTags") == "enabled"
        keys = [
            value
            for item in call.items("TagSpecification")
            if item.get("ResourceType") == "instance"
            for name, value in item.items()
            if name.endswith(".Key")
        ]
    elif call.action == "CreateTags":
        shown = any(_shows_tags(ec2, id_) for id_ in call.values_of("ResourceId"))
    else:
        shown = call.get("InstanceMetadataTags") == "enabled"
        instance = _instance(ec2, call.get("InstanceId"))
        keys = [tag["Key"] for tag in instance.get("Tags", [])] if instance else []
    for key in keys if shown else ():
        if key in RESERVED_KEYS or not METADATA_KEY.fullmatch(key):
            raise ApiError(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern "
                f"({METADATA_KEY.pattern}), and must not be a reserved name "
                f"({', '.join(RESERVED_KEYS)})",
            )


def _shows_tags(ec2: Client, id_: str) -> bool:
    instance = _instance(ec2, id_) if id_.startswith("i-") else None
    return bool(
        instance and instance.get("MetadataOptions", {}).get("InstanceMetadataTags") == "enabled"
    )


def _instance(ec2: Client, instance_id: str | None) -> Row | None:
    reservation = exists(lambda: ec2.describe_instances(InstanceIds=[instance_id]), "Reservations")
    found: list[Row] = reservation["Instances"] if reservation else []
    return found[0] if found else None
