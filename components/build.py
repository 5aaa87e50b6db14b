"""What a node made now is made with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

import userdata
from plan.image import DEBIAN, architecture, name_pattern
from plan.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """The make of a new node; nodes that are there keep theirs until they are rolled."""

    user_data: str
    """What the node receives at its first boot, compressed and in base64."""
    version: str
    """What sets these files apart from others, as `userdata.version` tells it."""
    network: str
    """The numbers of the address rule; with others every node is made anew."""
    image_id: str
    """The image to boot."""

    @classmethod
    def of(cls, settings: Settings, stack: str) -> Build:
        """The build of a stack; raises `ValueError` where the user data is too large."""
        return cls(
            user_data=userdata.encoded(settings, stack),
            version=userdata.version(settings, stack),
            network=settings.network,
            image_id=settings.image_id or _newest_debian(settings.instance_type),
        )


def _newest_debian(instance_type: str) -> str:
    found = aws.ec2.get_ami(
        owners=[DEBIAN],
        most_recent=True,
        filters=[
            {"name": "name", "values": [name_pattern(instance_type)]},
            {"name": "architecture", "values": [architecture(instance_type)]},
        ],
    )
    return found.id
