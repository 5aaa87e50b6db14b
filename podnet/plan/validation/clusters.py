"""The rules about the Kubernetes cluster that the nodes may be made into."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.kubernetes import CONTROL_PLANE_NODE, NODE_PORTS, Kubernetes
from podnet.plan.problem import Problem
from podnet.plan.settings import Settings

# What kubeadm takes as its service subnet: at most 20 bits of hosts, at least 10 addresses.
LARGEST_SERVICES = 12
SMALLEST_SERVICES = 28
LEAST_PATIENCE = 10
MOST_PATIENCE = 3600


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about the cluster that these settings break."""
    seconds = settings.cluster_timeout_seconds
    if not LEAST_PATIENCE <= seconds <= MOST_PATIENCE:
        yield Problem(
            rule="cluster-timeout-range",
            text=f"clusterTimeoutSeconds must be {LEAST_PATIENCE} to {MOST_PATIENCE}, got "
            f"{seconds}",
            about=("clusterTimeoutSeconds",),
        )
    if settings.has_cluster:
        yield from _cluster_problems(settings)
    elif settings.node_port_cidrs:
        yield Problem(
            rule="node-ports-need-cluster",
            text=f"nodePortCidrs is for kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{settings.kubernetes}, which has no NodePorts; leave it out, or use kubeadm",
            about=("nodePortCidrs", "kubernetes"),
        )


def _cluster_problems(settings: Settings) -> Iterator[Problem]:
    services, port = settings.service_cidr, settings.vxlan_port
    if not LARGEST_SERVICES <= services.prefixlen <= SMALLEST_SERVICES:
        yield Problem(
            rule="service-cidr-size",
            text=f"serviceCidr {services} is a /{services.prefixlen}; kubeadm takes a range of "
            f"services from /{LARGEST_SERVICES} to /{SMALLEST_SERVICES}",
            about=("serviceCidr", "kubernetes"),
        )
    if NODE_PORTS[0] <= port <= NODE_PORTS[1]:
        yield Problem(
            rule="vxlan-port-is-node-port",
            text=f"vxlanPort {port} is one of the NodePorts of Kubernetes, {NODE_PORTS[0]} to "
            f"{NODE_PORTS[1]}; use 8472, Linux's own for VXLAN, 4789 or another free port",
            about=("vxlanPort", "kubernetes"),
        )
    total = sum(settings.counts)
    left = total - len(settings.roll)
    if CONTROL_PLANE_NODE in settings.roll and left > 0:
        yield Problem(
            rule="control-plane-rolled-alone",
            text=f"roll names {CONTROL_PLANE_NODE}, the control plane: its disk holds the cluster, "
            "so its replacement is another cluster, of which the other nodes know nothing; leave "
            f"{CONTROL_PLANE_NODE} out, or name all {total} nodes to begin with an "
            "empty cluster",
            about=("roll", "kubernetes", "nodeCount"),
        )
