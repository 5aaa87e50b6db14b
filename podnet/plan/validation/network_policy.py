"""The rules about the engine that enforces NetworkPolicy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from podnet.plan import kube_router
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.policy_objects import Engine
from podnet.plan.problem import Problem
from podnet.plan.settings import Settings

IMAGES = {
    "kubeRouterImage": ("kube_router_image", Engine.KUBE_ROUTER),
    "kubeNetworkPoliciesImage": ("kube_network_policies_image", Engine.KUBE_NETWORK_POLICIES),
}
"""The setting of each engine's image, as the YAML names it: its attribute and its engine."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about NetworkPolicy that these settings break."""
    engine = settings.network_policy
    defaults = {item.name: item.default for item in fields(settings)}
    for name, (attribute, of) in IMAGES.items():
        if engine is not of and getattr(settings, attribute) != defaults[attribute]:
            yield Problem(
                rule="network-policy-image-without-engine",
                text=f"{name} is for networkPolicy {of}, got networkPolicy {engine}; leave it "
                f"out, or use {of}",
                about=(name, "networkPolicy"),
            )
    if engine is Engine.NONE:
        return
    if not settings.has_cluster:
        yield Problem(
            rule="network-policy-needs-cluster",
            text=f"networkPolicy {engine} needs kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{settings.kubernetes}: NetworkPolicy is an object of a cluster, and what enforces "
            "it a DaemonSet; set kubernetes to kubeadm, or networkPolicy to none",
            about=("networkPolicy", "kubernetes"),
        )
    elif not settings.api_cidrs:
        yield Problem(
            rule="network-policy-needs-api",
            text=f"apiCidrs must not be empty with networkPolicy {engine}: the program deploys "
            "it itself and must reach the API server for it, from where you run it; name the "
            "range that you connect from, as in [203.0.113.7/32]",
            about=("apiCidrs", "networkPolicy"),
        )
    if engine is Engine.KUBE_ROUTER and settings.kube_router_image is None:
        yield Problem(
            rule="kube-router-image-missing",
            text="kubeRouterImage is missing, which networkPolicy kube-router needs: podnet knows "
            f"no digest of the image of kube-router {kube_router.VERSION}, with which it is "
            "proved; name one that you trust, as in docker.io/cloudnativelabs/kube-router:"
            f"{kube_router.VERSION}@sha256:..., or in the lab {kube_router.LAB_IMAGE}",
            about=("kubeRouterImage", "networkPolicy"),
        )
