"""The CNI of a stack that leaves its pods to another than podnet's, deployed into its cluster."""

from __future__ import annotations

import pulumi

from podnet.components.calico import Calico, CalicoArgs
from podnet.plan.cni import Cni, Preset, calico
from podnet.plan.settings import Settings


def deploy(settings: Settings, preset: Preset, opts: pulumi.ResourceOptions) -> None:
    """Deploy it, and wait until it is ready on every node; `custom` is the user's to deploy."""
    match preset.cni:
        case Cni.CALICO:
            _calico(settings, preset, opts)


def _calico(settings: Settings, preset: Preset, opts: pulumi.ResourceOptions) -> None:
    chosen = settings.calico_encapsulation
    args = CalicoArgs(
        image=settings.cni_image or preset.image or "",
        pool=calico.pool(settings.pod_cidr, settings.pod_block_prefix, chosen),
        conflist=calico.conflist(),
        environment=calico.environment(chosen),
    )
    Calico("calico", args, opts)
