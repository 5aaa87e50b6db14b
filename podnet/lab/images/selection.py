"""Which root file system an instance boots, by the machine image that it was launched from."""

from __future__ import annotations

from pathlib import Path

from podnet.errors import UserError
from podnet.lab.images import debian, kubernetes
from podnet.lab.images.catalogue import Recipe, recipe_of
from podnet.lab.images.root import Root


def root_of(directory: Path, image_id: str) -> Root:
    """The root of this machine image, among those built in this directory.

    Raises `UserError` where the one for Kubernetes has not been built: it takes minutes, so
    whoever launches from it builds it first.
    """
    if recipe_of(image_id) is Recipe.DEBIAN:
        return Root(layers=(debian.ensure(directory),))
    root = kubernetes.find(directory)
    if root is None:
        raise UserError(
            f"the machine image {image_id} has not been built in {directory}: "
            "`podnet up --stack kubernetes` builds it",
            rule="machine-image-not-built",
        )
    return root
