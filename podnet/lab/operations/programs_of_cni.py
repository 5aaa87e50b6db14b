"""Programs of another CNI, which the user has built, in the image of a lab's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from podnet.cli.console import step
from podnet.lab.images import kubernetes
from podnet.lab.images.kubernetes import cni as images
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.cni import Cni

CNI, IMAGE = "podnet:cni", "podnet:cniImage"


def use(stack: LabStack, given: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Make their image for nodes that boot from now on; returns the setting that names it.

    Raises `UserError` for a folder that does not hold them.
    """
    config = {**stack.project.config(stack.name, stack.config()), **given}
    cni = next((each for each in Cni if each == config.get(CNI)), Cni.NONE)
    name = images.image_name(cni, folder)
    with step(f"container image of {cni}") as note:
        nodes = kubernetes.ensure(stack.home.image, note)
        images.write_layer(stack.home.cni_layer, cni, folder, name, nodes)
        note(name)
    return {IMAGE: name}
