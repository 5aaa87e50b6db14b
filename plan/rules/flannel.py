"""The rules about routing by Flannel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from plan.kubernetes import FLANNEL_VNI_OFFSET, Kubernetes
from plan.routing import LARGEST_VNI, FlannelBackend, RoutingMode
from plan.rules.problem import Problem, problem
from plan.values import Values

OWN = {
    "flannelBackend": "flannel_backend",
    "flannelDirectRouting": "flannel_direct_routing",
    "flannelImage": "flannel_image",
    "flannelPluginImage": "flannel_plugin_image",
}
"""The settings of Flannel alone, as the YAML names them, and their attributes."""


def problems(values: Values) -> Iterator[Problem]:
    """Every rule about Flannel that these values break."""
    if values.routing is not RoutingMode.FLANNEL:
        defaults = {item.name: item.default for item in fields(values)}
        for name, attribute in OWN.items():
            if getattr(values, attribute) != defaults[attribute]:
                yield problem(
                    f"{name} is for routing {RoutingMode.FLANNEL}, got routing {values.routing}; "
                    "leave it out, or use flannel",
                    name,
                    "routing",
                )
        return
    yield from _place_problems(values)
    yield from _backend_problems(values)


def _place_problems(values: Values) -> Iterator[Problem]:
    if not values.has_cluster:
        yield problem(
            f"routing flannel needs kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{values.kubernetes}: Flannel is a DaemonSet of a cluster; set kubernetes to kubeadm, "
            "or use overlay, which sends packets in the same way and needs no cluster",
            "routing",
            "kubernetes",
        )
    elif not values.admin_cidrs:
        yield problem(
            "adminCidrs must not be empty with routing flannel: the program deploys Flannel itself "
            "and must reach the API server for it, from where you run it; name the range that you "
            "connect from, as in [203.0.113.7/32]",
            "adminCidrs",
            "routing",
        )


def _backend_problems(values: Values) -> Iterator[Problem]:
    largest = LARGEST_VNI + 1 - FLANNEL_VNI_OFFSET
    if LARGEST_VNI >= values.vni > largest:
        yield problem(
            f"vni must be 1 to {largest} with routing flannel, got {values.vni} (Flannel uses the "
            "next one but one)",
            "vni",
            "routing",
        )
    if values.flannel_backend is FlannelBackend.VXLAN:
        return
    if values.flannel_direct_routing:
        yield problem(
            f"flannelDirectRouting is for flannelBackend {FlannelBackend.VXLAN}, got "
            f"{values.flannel_backend}, which forwards directly anyway; leave it out, or use vxlan",
            "flannelDirectRouting",
            "flannelBackend",
        )
    if values.zones > 1:
        yield problem(
            f"flannelBackend host-gw takes 1 zone, got zones {values.zones}: a frame for a node in "
            "another subnet goes to the VPC router, which knows no pod route; use vxlan (with "
            "flannelDirectRouting it forwards as host-gw inside a subnet), or 1 zone",
            "flannelBackend",
            "zones",
        )
