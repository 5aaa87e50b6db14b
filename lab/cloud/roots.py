"""Which root file system an instance boots, by the machine image that it was launched from."""

from __future__ import annotations

from pathlib import Path

from lab import image
from lab.errors import LabError
from lab.instances.root import Root
from lab.kubernetes import image as kubernetes


def of(directory: Path, image_id: str) -> Root:
    """The root of this machine image, among those built in this directory.

    All of Debian's are one here. Raises `LabError` where the one for Kubernetes has not been built:
    whoever launches from it builds it before, since it takes minutes.
    """
    if image_id != kubernetes.IMAGE_ID:
        return Root(layers=(image.ensure(directory),))
    root = kubernetes.find(directory)
    if root is None:
        raise LabError(
            f"the machine image {image_id} has not been built in {directory}: "
            "`podnet up --stack kubernetes` builds it"
        )
    return root
