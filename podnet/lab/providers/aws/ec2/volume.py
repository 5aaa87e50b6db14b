"""The root volume of an instance, which the instance declares as a block of its own."""

from __future__ import annotations

from typing import ClassVar

from podnet.lab.clients import Client
from podnet.lab.providers.aws.base import Block
from podnet.lab.providers.aws.session import Session, tag_list
from podnet.lab.providers.protocol import ProviderError, Values

VOLUME = {
    "volumeType": "VolumeType",
    "volumeSize": "Size",
    "iops": "Iops",
    "throughput": "Throughput",
    "encrypted": "Encrypted",
    "kmsKeyId": "KmsKeyId",
}
SMALLEST = 8  # GiB
IN_PLACE = frozenset({"volumeType", "volumeSize", "iops", "throughput"})


class RootVolume:
    """Makes, shows and changes root volumes."""

    served: ClassVar[frozenset[str]] = frozenset({*VOLUME, "deleteOnTermination", "tags"})

    def __init__(self, ec2: Client) -> None:
        self.ec2 = ec2

    @staticmethod
    def replaces(old: Values, new: Values) -> bool:
        """Whether only another instance can have this root volume: other encryption, another key.

        Of its size, type, throughput, tags and the flag to delete it the provider has updates
        (terraform-provider-aws, internal/service/ec2/ec2_instance.go, root_block_device).
        """
        key = new.get("kmsKeyId")
        is_rekeyed = key is not None and key != old.get("kmsKeyId")
        encrypted = new.get("encrypted", old.get("encrypted"))
        return is_rekeyed or bool(old.get("encrypted")) != bool(encrypted)

    @classmethod
    def importable(cls, live: Values) -> Values:
        """Of a volume as it is, what a program may give and an import takes over."""
        return {
            name: value
            for name, value in live.items()
            if name in cls.served - {"deleteOnTermination"}
        }

    def mapping(self, image: str, wanted: Values) -> Values:
        """The block device mapping for RunInstances."""
        images = self.ec2.describe_images(ImageIds=[image])["Images"]
        if not images:
            raise ProviderError(f"image {image} does not exist here", rule="aws-image-missing")
        volume = {
            ("VolumeSize" if name == "volumeSize" else VOLUME[name]): value
            for name, value in wanted.items()
            if name in VOLUME and value is not None
        }
        device = images[0]["RootDeviceName"]
        inside: Values = next(
            (
                one["Ebs"]
                for one in images[0].get("BlockDeviceMappings", [])
                if one["DeviceName"] == device
            ),
            {},
        )
        # AWS takes the size from the image's snapshot; moto refuses to run without one.
        return {
            "DeviceName": device,
            "Ebs": {
                "VolumeSize": inside.get("VolumeSize", SMALLEST),
                **volume,
                "DeleteOnTermination": wanted.get("deleteOnTermination", True),
            },
        }

    def describe(self, instance: Values, session: Session) -> Block | None:
        """The root volume of a described instance."""
        root = next(
            (
                one
                for one in instance.get("BlockDeviceMappings", [])
                if one["DeviceName"] == instance.get("RootDeviceName")
            ),
            None,
        )
        if root is None:
            return None
        volume = self.ec2.describe_volumes(VolumeIds=[root["Ebs"]["VolumeId"]])["Volumes"][0]
        return Block(
            {
                **{name: volume.get(key) for name, key in VOLUME.items()},
                "deleteOnTermination": root["Ebs"]["DeleteOnTermination"],
                "deviceName": root["DeviceName"],
                "volumeId": volume["VolumeId"],
                "tags": session.read_tags(volume.get("Tags", [])),
            }
        )

    def reconcile(self, instance_id: str, wanted: Values, live: Block | None) -> None:
        """Change what can change in place."""
        if live is None:
            raise ProviderError(
                f"instance {instance_id} shows no root volume", rule="aws-root-volume-missing"
            )
        volume = live["volumeId"]
        changes = {
            VOLUME[name]: wanted[name]
            for name in IN_PLACE & wanted.keys()
            if wanted[name] is not None and wanted[name] != live[name]
        }
        if changes:
            self.ec2.modify_volume(VolumeId=volume, **changes)
        keep = wanted.get("deleteOnTermination")
        if keep is not None and keep != live["deleteOnTermination"]:
            self.ec2.modify_instance_attribute(
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": live["deviceName"], "Ebs": {"DeleteOnTermination": keep}}
                ],
            )
        tags = wanted.get("tags") or {}
        if new := {key: value for key, value in tags.items() if live["tags"].get(key) != value}:
            self.ec2.create_tags(Resources=[volume], Tags=tag_list(new))
        if stale := live["tags"].keys() - tags.keys():
            self.ec2.delete_tags(Resources=[volume], Tags=[{"Key": key} for key in sorted(stale)])
