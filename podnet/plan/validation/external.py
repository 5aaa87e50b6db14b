"""The rules about another CNI to which nodes leave their pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from podnet.plan.cni import Cni, Preset
from podnet.plan.cni.calico import CalicoEncapsulation
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.policy_objects import Engine
from podnet.plan.problem import Problem
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings

OF_MODES = {
    "vni": "vni",
    "vxlanPort": "vxlan_port",
    "checksumOffload": "checksum_offload",
    "unmasqueradedCidrs": "unmasqueraded_cidrs",
}
"""Settings of podnet's own modes, as the YAML names them, and their attributes.

crossZoneOnly, encapsulation and uplink have rules of their own, which name their mode.
"""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about another CNI that these settings break."""
    if settings.preset is None:
        if settings.cni is not Cni.NONE:
            yield Problem(
                rule="cni-without-external",
                text=f"cni {settings.cni} is for routing {RoutingMode.EXTERNAL}, got routing "
                f"{settings.routing}, in which podnet{_or_flannel(settings)} carries pods; leave "
                "it out, or use external",
                about=("cni", "routing"),
            )
    elif settings.cni is Cni.NONE:
        yield Problem(
            rule="external-needs-cni",
            text="routing external needs a cni, which carries the pods: "
            f"{', '.join(list(Cni)[1:])}; name one, or use one of podnet's modes",
            about=("routing", "cni"),
        )
    else:
        yield from _mode_problems(settings)
        if settings.preset.needs_cluster and settings.network_policy is not Engine.NONE:
            yield Problem(
                rule="two-network-policy-engines",
                text=f"networkPolicy {settings.network_policy} is a second engine with cni "
                f"{settings.cni}, which enforces NetworkPolicy itself; set networkPolicy to none",
                about=("networkPolicy", "cni"),
            )
        yield from _place_problems(settings, settings.preset)
    yield from _calico_problems(settings)
    yield from _image_problems(settings)


def _mode_problems(settings: Settings) -> Iterator[Problem]:
    defaults = {item.name: item.default for item in fields(settings)}
    for name, attribute in OF_MODES.items():
        value = getattr(settings, attribute)
        if value != defaults[attribute]:
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            yield Problem(
                rule="external-with-setting-of-mode",
                text=f"{name} {text} is for podnet's own modes, got routing external with cni "
                f"{settings.cni}, which decides that itself; leave it out",
                about=(name, "routing"),
            )


def _place_problems(settings: Settings, preset: Preset) -> Iterator[Problem]:
    if not preset.needs_cluster:
        return
    if not settings.has_cluster:
        yield Problem(
            rule="external-needs-cluster",
            text=f"cni {preset.cni} needs kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{settings.kubernetes}: podnet deploys {preset.title} as a DaemonSet of a cluster; "
            "set kubernetes to kubeadm, or use cni custom, of which podnet deploys nothing",
            about=("cni", "kubernetes"),
        )
    elif not settings.api_cidrs:
        yield Problem(
            rule="external-needs-api",
            text=f"apiCidrs must not be empty with cni {preset.cni}: the program deploys "
            f"{preset.title} itself and must reach the API server for it, from where you run it; "
            "name the range that you connect from, as in [203.0.113.7/32]",
            about=("apiCidrs", "cni"),
        )


def _calico_problems(settings: Settings) -> Iterator[Problem]:
    chosen = settings.calico_encapsulation
    if settings.cni is not Cni.CALICO:
        if chosen is not CalicoEncapsulation.VXLAN:
            yield Problem(
                rule="calico-setting-without-calico",
                text=f"calicoEncapsulation {chosen} is for cni {Cni.CALICO}, got cni "
                f"{settings.cni}; leave it out, or use calico",
                about=("calicoEncapsulation", "cni"),
            )
    elif chosen is CalicoEncapsulation.NONE and settings.zones > 1:
        yield Problem(
            rule="calico-none-one-zone",
            text=f"calicoEncapsulation none takes 1 zone, got zones {settings.zones}: a frame for "
            "a node in another subnet goes to the VPC router, which knows no pod route; use "
            "cross-subnet, which forwards as it is inside a subnet, or 1 zone",
            about=("calicoEncapsulation", "zones"),
        )


def _image_problems(settings: Settings) -> Iterator[Problem]:
    preset = settings.preset
    deploys = preset is not None and preset.needs_cluster
    if settings.cni_image and not deploys:
        yield Problem(
            rule="cni-image-not-deployed",
            text=f"cniImage is for a cni that podnet deploys, got cni {settings.cni}, of which it "
            "deploys nothing; leave it out",
            about=("cniImage", "cni"),
        )
    if preset and deploys and not (settings.cni_image or preset.image):
        yield Problem(
            rule="cni-image-unknown",
            text=f"cniImage must be set with cni {settings.cni}: podnet knows no digest of "
            f"{preset.title}'s image that it could pin; name the image that you trust by its "
            f"digest, {preset.image_holds}",
            about=("cniImage", "cni"),
        )


def _or_flannel(settings: Settings) -> str:
    return " has Flannel, which" if settings.routing is RoutingMode.FLANNEL else ""
