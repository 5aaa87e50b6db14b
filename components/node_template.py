"""The template of a new node."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

from podnet import userdata
from podnet.plan.image import DEBIAN, architecture, name_pattern
from podnet.plan.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeTemplate:
    """Properties of a new node; existing nodes keep theirs until they are rolled."""

    user_data: str
    """User data of the first boot, compressed and in base64."""
    version: str
    """Version of the files in it, as `userdata.version` returns it."""
    network_fingerprint: str
    """`Settings.fingerprint`; where it changes, every node is replaced."""
    image_id: str
    """Machine image to boot; empty where AWS names none, which `image_problem` then explains."""
    instance_type: str
    """EC2 instance type."""
    image_problem: str = ""
    """Why no machine image is known: a problem only where a node is to be created."""

    @classmethod
    def of(cls, settings: Settings, stack: str) -> NodeTemplate:
        """The template of a stack; raises `ValueError` where the user data is too large."""
        image_id, problem = (
            (settings.image_id, "") if settings.image_id else _newest_debian(settings.instance_type)
        )
        return cls(
            user_data=userdata.encoded(settings, stack),
            version=userdata.version(settings, stack),
            network_fingerprint=settings.fingerprint,
            image_id=image_id,
            instance_type=settings.instance_type,
            image_problem=problem,
        )


def _newest_debian(instance_type: str) -> tuple[str, str]:
    """The id of the newest image, or why there is none."""
    wanted = {"name": name_pattern(instance_type), "architecture": architecture(instance_type)}
    try:
        found = aws.ec2.get_ami(
            owners=[DEBIAN],
            most_recent=True,
            # AWS deprecates a public image after two years, and hides it from all but its owner
            # (EC2 User Guide, "Deprecate an Amazon EC2 AMI"); it can be launched all the same.
            include_deprecated=True,
            filters=[{"name": name, "values": [each]} for name, each in wanted.items()],
        )
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        return "", str(error)
    return (found.id, "") if found.id else ("", "AWS names none")
