"""The template of a new node."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from podnet import userdata
from podnet.components import partition
from podnet.errors import UserError
from podnet.plan.image import OTHER_PLATFORMS, OWNERS, name_pattern
from podnet.plan.instance_type import InstanceType
from podnet.plan.settings import Settings
from podnet.plan.shape import RootVolume


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A machine image as far as AWS says what it is."""

    id: str = ""
    gib: int | None = None
    """Size of its root volume."""
    problem: str = ""
    """Why there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeTemplate:
    """Properties of a new node; existing nodes keep theirs until they are rolled."""

    user_data: str
    """User data of the first boot, compressed and in base64."""
    version: str
    """Its version, as `userdata.version` returns it."""
    files: str
    """Digest of the release that every node runs, new or not."""
    network_fingerprint: str
    """`Settings.fingerprint`; where it changes, every node is replaced."""
    image_id: str
    """Machine image to boot; empty where AWS names none, which `image_problem` then explains."""
    instance_type: str
    """EC2 instance type."""
    volume: RootVolume
    """The root volume, with its size where it is not the image's."""
    image_problem: str = ""
    """Why no machine image is known: a problem only where a node is to be created."""

    @classmethod
    def of(cls, settings: Settings, stack: str, kind: InstanceType) -> NodeTemplate:
        """The template of a stack; raises `ValueError` where the user data is too large."""
        image = _named(settings.image_id) if settings.image_id else _newest(kind.architecture)
        wanted = settings.root_volume
        if wanted.size and image.gib and wanted.size < image.gib:
            raise UserError(
                f"podnet:rootVolume has {wanted.size} GiB, and image {image.id} {image.gib}: EC2 "
                "launches no instance on less than its image has; give it more, or leave size out",
                rule="root-volume-too-small",
            )
        size = wanted.gib(image.gib, cluster=settings.has_cluster)
        return cls(
            user_data=userdata.encoded(settings, stack),
            version=userdata.version(settings, stack),
            files=userdata.release.digest(settings),
            network_fingerprint=settings.fingerprint,
            image_id=image.id,
            instance_type=settings.instance_type,
            volume=replace(wanted, size=size),
            image_problem=image.problem,
        )


def _newest(architecture: str | None) -> Image:
    """The newest image of Debian, or why there is none."""
    if architecture is None:
        return Image(problem="AWS does not say which architecture it has")
    where = partition.look_up()
    if where not in OWNERS:
        return Image(problem=f"podnet knows no account of Debian's in AWS's partition {where}")
    wanted = {"name": name_pattern(architecture), "architecture": architecture}
    try:
        found = aws.ec2.get_ami(
            owners=[OWNERS[where]],
            most_recent=True,
            # AWS deprecates a public image after two years, and hides it from all but its owner
            # (EC2 User Guide, "Deprecate an Amazon EC2 AMI"); it can be launched all the same.
            include_deprecated=True,
            filters=[{"name": name, "values": [each]} for name, each in wanted.items()],
        )
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        return Image(problem=str(error))
    return Image(id=found.id, gib=_gib(found)) if found.id else Image(problem="AWS names none")


def _named(image_id: str) -> Image:
    """The image with this id, with its size where AWS says it; none of another system."""
    try:
        found = aws.ec2.get_ami(
            include_deprecated=True, filters=[{"name": "image-id", "values": [image_id]}]
        )
    except Exception as error:  # noqa: BLE001  # as above
        pulumi.log.debug(f"image {image_id}: {error}")
        return Image(id=image_id)
    platform = found.platform_details or ""
    if platform.startswith(OTHER_PLATFORMS):
        raise UserError(
            f"podnet:imageId {image_id} is an image of {platform}, on which no node of podnet "
            "starts; name one of Debian 12 or 13 or of Ubuntu 24.04, or leave it out",
            rule="image-platform",
        )
    return Image(id=image_id, gib=_gib(found))


def _gib(image: aws.ec2.AwaitableGetAmiResult) -> int | None:
    """The size of an image's root volume; None where the answer has none."""
    for mapping in image.block_device_mappings or ():
        if mapping.device_name == image.root_device_name and "volume_size" in mapping.ebs:
            return int(mapping.ebs["volume_size"])
    return None
