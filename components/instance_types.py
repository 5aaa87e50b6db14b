"""Facts of an instance type, looked up: what it is, and which zones offer it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from podnet.plan.instance_type import InstanceType


def look_up(name: str) -> InstanceType:
    """What AWS says of this type, as far as it says anything."""
    try:
        found = aws.ec2.get_instance_type(instance_type=name)
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        return InstanceType(name=name, problem=str(error))
    return InstanceType(
        name=name,
        architectures=tuple(found.supported_architectures or ()),
        hypervisor=found.hypervisor or "",
        vcpus=found.default_vcpus or 0,
        memory=found.memory_size or 0,
    )


def zones_that_offer(name: str, parent: pulumi.Resource | None = None) -> list[str]:
    """The zones of the region in which instances of this type can be launched."""
    found = aws.ec2.get_instance_type_offerings(
        location_type="availability-zone",
        filters=[{"name": "instance-type", "values": [name]}],
        opts=pulumi.InvokeOptions(parent=parent),
    )
    return sorted(found.locations or ())
