"""Which nodes are outdated: created with other files, another image or another type."""

from __future__ import annotations

from typing import Protocol


class Created(Protocol):
    """What distinguishes a node created now from one created before."""

    @property
    def version(self) -> str:
        """Version of the user data."""
        ...

    @property
    def image_id(self) -> str:
        """Machine image."""
        ...

    @property
    def instance_type(self) -> str:
        """EC2 instance type."""
        ...


def outdated(record: Created, template: Created) -> tuple[str, ...]:
    """What of a node differs from a node created now, in words: user data, image, instance type.

    Its other files are no part of it: they are updated in place.
    """
    differs = {
        "user data": record.version != template.version,
        "image": record.image_id != template.image_id,
        "instance type": record.instance_type != template.instance_type,
    }
    return tuple(what for what, is_different in differs.items() if is_different)
