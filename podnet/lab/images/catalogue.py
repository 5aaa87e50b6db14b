"""The machine images on offer in the lab: one table, from identifier to what instances boot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

DEBIAN_ACCOUNT = "136693071363"
"""The account that publishes Debian's own images (wiki.debian.org/Cloud/AmazonEC2Image)."""
LAB_ACCOUNT = "123456789012"
ROOT_GIB = 8
"""Size of an image's root volume: that of Debian's own images."""

POD_IMAGE = "podnet.local/pod:1"
"""The container image of pods that only have to exist; in the image for clusters."""


class Recipe(StrEnum):
    """The root file system that an image stands for, by the module that builds it."""

    DEBIAN = "debian"
    DEBIAN_13 = "debian-13"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineImage:
    """One image, as an owner publishes it."""

    image_id: str
    name: str
    description: str
    created: str
    """Day, as YYYY-MM-DD; the program takes the newest of a name."""
    recipe: Recipe
    architecture: str = "x86_64"
    owner: str = DEBIAN_ACCOUNT
    location: str
    public: bool = True


def _debian(
    letter: str, release: str, created: str, number: int = 12, recipe: Recipe = Recipe.DEBIAN
) -> Iterator[MachineImage]:
    """A release of Debian, for both architectures."""
    for which, (name, architecture) in zip(
        "ab", (("amd64", "x86_64"), ("arm64", "arm64")), strict=True
    ):
        yield MachineImage(
            image_id=f"ami-0deb{number}{letter}{which}000000000",
            name=f"debian-{number}-{name}-{release}",
            description=f"Debian {number} ({release})",
            created=created,
            recipe=recipe,
            architecture=architecture,
            location=f"amazon/debian-{number}-{name}-{release}",
        )


KUBERNETES = MachineImage(
    image_id="ami-0deb12c1360000000",
    name="podnet-kubernetes-1.36.0",
    description="Debian 12 with Kubernetes 1.36.0",
    created="2026-11-24",
    recipe=Recipe.KUBERNETES,
    owner=LAB_ACCOUNT,
    location=f"{LAB_ACCOUNT}/podnet-kubernetes-1.36.0",
    public=False,
)
"""The image of the nodes of a cluster."""

IMAGES = (
    *_debian("0", "20250814-2204", "2025-08-14"),
    *_debian("1", "20260907-2593", "2026-09-07"),
    *_debian("0", "20261012-2628", "2026-10-12", 13, Recipe.DEBIAN_13),
    KUBERNETES,
)


def recipe_of(image_id: str) -> Recipe:
    """The recipe of this image; Debian's for an identifier that is not in the table."""
    return next((each.recipe for each in IMAGES if each.image_id == image_id), Recipe.DEBIAN)


def api_list() -> str:
    """The table as moto reads it, from the file that MOTO_AMIS_PATH names."""
    return json.dumps([_moto_record(image) for image in IMAGES])


def _moto_record(image: MachineImage) -> dict[str, object]:
    return {
        "ami_id": image.image_id,
        "name": image.name,
        "description": image.description,
        "owner_id": image.owner,
        "public": image.public,
        "virtualization_type": "hvm",
        "architecture": image.architecture,
        "state": "available",
        "platform": None,
        "image_type": "machine",
        "image_location": image.location,
        "hypervisor": "xen",
        "root_device_name": "/dev/xvda",
        "root_device_type": "ebs",
        "sriov": "simple",
        "creation_date": f"{image.created}T00:00:00.000Z",
    }
