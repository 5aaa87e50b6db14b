"""The rules about routing by Flannel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from podnet.plan.kubernetes import FLANNEL_VNI_OFFSET, Kubernetes
from podnet.plan.problem import Problem
from podnet.plan.routing import LARGEST_VNI, FlannelBackend, RoutingMode
from podnet.plan.settings import Settings

OWN = {
    "flannelBackend": "flannel_backend",
    "flannelDirectRouting": "flannel_direct_routing",
    "flannelImage": "flannel_image",
    "flannelPluginImage": "flannel_plugin_image",
}
"""The settings of Flannel alone, as the YAML names them, and their attributes."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about Flannel that these settings break."""
    if settings.routing is not RoutingMode.FLANNEL:
        defaults = {item.name: item.default for item in fields(settings)}
        for name, attribute in OWN.items():
            if getattr(settings, attribute) != defaults[attribute]:
                yield Problem(
                    rule="flannel-setting-without-flannel",
                    text=f"{name} is for routing {RoutingMode.FLANNEL}, got routing "
                    f"{settings.routing}; leave it out, or use flannel",
                    about=(name, "routing"),
                )
        return
    yield from _place_problems(settings)
    yield from _backend_problems(settings)


def _place_problems(settings: Settings) -> Iterator[Problem]:
    if not settings.has_cluster:
        yield Problem(
            rule="flannel-needs-cluster",
            text=f"routing flannel needs kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{settings.kubernetes}: Flannel is a DaemonSet of a cluster; set kubernetes to "
            "kubeadm, or use overlay, which sends packets in the same way and needs no cluster",
            about=("routing", "kubernetes"),
        )
    elif not settings.api_cidrs:
        yield Problem(
            rule="flannel-needs-api",
            text="apiCidrs must not be empty with routing flannel: the program deploys Flannel "
            "itself and must reach the API server for it, from where you run it; name the range "
            "that you connect from, as in [203.0.113.7/32]",
            about=("apiCidrs", "routing"),
        )


def _backend_problems(settings: Settings) -> Iterator[Problem]:
    largest = LARGEST_VNI + 1 - FLANNEL_VNI_OFFSET
    if LARGEST_VNI >= settings.vni > largest:
        yield Problem(
            rule="flannel-vni-range",
            text=f"vni must be 1 to {largest} with routing flannel, got {settings.vni} (Flannel "
            "uses the next one but one)",
            about=("vni", "routing"),
        )
    if settings.flannel_backend is FlannelBackend.VXLAN:
        return
    if settings.flannel_direct_routing:
        yield Problem(
            rule="direct-routing-needs-vxlan",
            text=f"flannelDirectRouting is for flannelBackend {FlannelBackend.VXLAN}, got "
            f"{settings.flannel_backend}, which forwards directly anyway; leave it out, or use "
            "vxlan",
            about=("flannelDirectRouting", "flannelBackend"),
        )
    if settings.zones > 1:
        yield Problem(
            rule="flannel-host-gw-one-zone",
            text=f"flannelBackend host-gw takes 1 zone, got zones {settings.zones}: a frame for a "
            "node in another subnet goes to the VPC router, which knows no pod route; use vxlan "
            "(with flannelDirectRouting it forwards as host-gw inside a subnet), or 1 zone",
            about=("flannelBackend", "zones"),
        )
