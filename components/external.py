"""The CNI of a stack that leaves its pods to another than podnet's, deployed into its cluster."""

from __future__ import annotations

import pulumi

from podnet.components.calico import Calico, CalicoArgs
from podnet.components.kube_router import KubeRouter, KubeRouterArgs
from podnet.plan.cni import Cni, Preset, calico, kube_router
from podnet.plan.settings import Settings


def deploy(settings: Settings, preset: Preset, opts: pulumi.ResourceOptions) -> None:
    """Deploy it, and wait until it is ready on every node; `custom` is the user's to deploy."""
    match preset.cni:
        case Cni.CALICO:
            _calico(settings, preset, opts)
        case Cni.KUBE_ROUTER:
            _kube_router(settings, preset, opts)


def _calico(settings: Settings, preset: Preset, opts: pulumi.ResourceOptions) -> None:
    chosen = settings.calico_encapsulation
    args = CalicoArgs(
        image=settings.cni_image or preset.image or "",
        pool=calico.pool(settings.pod_cidr, settings.pod_block_prefix, chosen),
        conflist=calico.conflist(),
        environment=calico.environment(chosen),
    )
    Calico("calico", args, opts)


def _kube_router(settings: Settings, preset: Preset, opts: pulumi.ResourceOptions) -> None:
    args = KubeRouterArgs(
        image=settings.cni_image or preset.image or "",
        service_cidr=str(settings.service_cidr),
        router=True,
        conflist=kube_router.conflist(),
        options=kube_router.options(settings.zones),
    )
    KubeRouter("kube-router", args, opts)
