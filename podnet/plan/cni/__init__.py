"""The CNIs that may carry pods in mode external, one module each."""

from __future__ import annotations

from collections.abc import Mapping

from podnet.plan.cni import calico, custom, kube_router
from podnet.plan.cni.preset import Cni, Opening, Preset

__all__ = ["PRESETS", "Cni", "Opening", "Preset"]

PRESETS: Mapping[Cni, Preset] = {
    preset.cni: preset
    for preset in (
        calico.PRESET,
        kube_router.PRESET,
        custom.PRESET,
    )
}
