"""What is allowed, and should be known before it is deployed; and what a live stack must not do."""

from __future__ import annotations

from collections.abc import Iterator

from plan.settings import Settings
from plan.switch import Deployed

BY_VXLAN = {"flannel", "flannel-direct"}


def remarks(settings: Settings) -> Iterator[str]:
    """What follows from settings that keep all rules, and may surprise."""
    if not settings.has_cluster:
        return
    if settings.node_count == 1:
        yield (
            "nodeCount is 1 with kubernetes kubeadm: node-1 is the control plane alone, and pods "
            "that do not tolerate its taint (node-role.kubernetes.io/control-plane) wait for a "
            "second node"
        )
    if not settings.admin_cidrs:
        yield (
            "adminCidrs is empty, so the API server answers nodes and pods only: the kubeconfig is "
            "of no use from elsewhere"
        )


def refusal(settings: Settings, deployed: Deployed) -> str | None:
    """Why the routing of these nodes cannot become the one that is wanted, while they live."""
    former, wanted = deployed.routing, settings.node_routing.word
    if former is None or former == wanted or not deployed.kept:
        return None
    if _is_flannel(former) != _is_flannel(wanted):
        return (
            f"podnet:routing cannot change from {former} to {wanted} while nodes live: the routes, "
            "the bridge's pods and the conflist would have two keepers, and pods made by one would "
            "hold addresses and routes that the other does not know. Deploy a new stack with "
            f"{wanted}, move what runs there, and destroy this one; or set podnet:routing back"
        )
    if _is_flannel(wanted) and (former in BY_VXLAN) != (wanted in BY_VXLAN):
        return (
            f"podnet:flannelBackend cannot change while nodes live (from {former} to {wanted}): "
            "Flannel's daemons take each other's leases only where all have one back end, so pods "
            "would lose each other until the last daemon is made anew. Deploy a new stack, or set "
            "podnet:flannelBackend back"
        )
    return None


def _is_flannel(word: str) -> bool:
    return word.startswith("flannel")
