"""The rules about who may connect to nodes."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.cloud_config import leaves_out_default
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.problem import Problem
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about access that these settings break."""
    if settings.ssh_cidrs and not (settings.ssh_keys or settings.key_name):
        yield Problem(
            rule="ssh-without-key",
            text="sshCidrs opens SSH, and no node has a key: nobody could log in; set sshKeys to "
            "your public keys (or keyName to an EC2 key pair), or leave sshCidrs out",
            about=("sshCidrs", "sshKeys", "keyName"),
        )
    if (settings.ssh_keys or settings.key_name) and leaves_out_default(settings.extra_user_data):
        yield Problem(
            rule="extra-user-data-users",
            text="extraUserData has users without default, the image's own user, who alone gets "
            "the keys of sshKeys and keyName; put default first in the list, or leave those out",
            about=("extraUserData", "sshKeys", "keyName"),
        )
    # That Flannel and others need a cluster, and these ranges with it, is said by their own rules.
    deployed = settings.routing is RoutingMode.FLANNEL or (
        settings.preset is not None and settings.preset.needs_cluster
    )
    if settings.api_cidrs and not settings.has_cluster and not deployed:
        yield Problem(
            rule="api-cidrs-need-cluster",
            text=f"apiCidrs is for kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{settings.kubernetes}, which has no API server; leave it out, or use kubeadm",
            about=("apiCidrs", "kubernetes"),
        )
