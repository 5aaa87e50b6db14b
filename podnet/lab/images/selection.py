"""Which root file system an instance boots, by the machine image that it was launched from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.host import certificates
from podnet.lab.images import debian, kubernetes
from podnet.lab.images.apt import NEXT_SUITE, SUITE
from podnet.lab.images.catalogue import Recipe, recipe_of
from podnet.lab.images.root import Root
from podnet.system.files import write_atomically

SUITES = {Recipe.DEBIAN: SUITE, Recipe.DEBIAN_13: NEXT_SUITE}
"""The suite of Debian of each root without Kubernetes."""
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def root_of(directory: Path, image_id: str, cni_layer: Path | None = None) -> Root:
    """The root of this machine image, among those built in this directory.

    Nodes of clusters have `cni_layer` above it, where that exists. Raises `UserError` where the one
    for Kubernetes has not been built: it takes minutes, so whoever launches from it builds it
    first.
    """
    if suite := SUITES.get(recipe_of(image_id)):
        base = debian.ensure(directory, suite=suite)
        return Root(layers=(trusting(directory, base), base))
    root = kubernetes.find(directory)
    if root is None:
        raise UserError(
            f"the machine image {image_id} has not been built in {directory}: "
            "`podnet up --stack kubernetes` builds it",
            rule="machine-image-not-built",
        )
    if cni_layer and cni_layer.exists():
        return replace(root, layers=(cni_layer, *root.layers))
    return root


def trusting(directory: Path, base: Path) -> Path:
    """A layer over a root, in which the lab's authority is one more that is trusted."""
    authority = certificates.ensure(directory)
    layer = base.with_name("trusted")
    bundle = (base / BUNDLE).read_text() + authority.certificate.read_text()
    file = layer / BUNDLE
    if not file.exists() or file.read_text() != bundle:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, bundle)
    return layer
