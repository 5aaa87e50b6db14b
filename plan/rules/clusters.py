"""The rules about the Kubernetes cluster that the nodes may be made into."""

from __future__ import annotations

from collections.abc import Iterator

from plan.kubernetes import CONTROL_PLANE, NODE_PORTS, Kubernetes
from plan.rules.problem import Problem, problem
from plan.values import Values

# What kubeadm takes as its service subnet: at most 20 bits of hosts, at least 10 addresses.
LARGEST_SERVICES = 12
SMALLEST_SERVICES = 28
LEAST_PATIENCE = 10
MOST_PATIENCE = 3600


def problems(values: Values) -> Iterator[Problem]:
    """Every rule about the cluster that these values break."""
    seconds = values.cluster_timeout_seconds
    if not LEAST_PATIENCE <= seconds <= MOST_PATIENCE:
        yield problem(
            f"clusterTimeoutSeconds must be {LEAST_PATIENCE} to {MOST_PATIENCE}, got {seconds}",
            "clusterTimeoutSeconds",
        )
    if values.has_cluster:
        yield from _cluster_problems(values)
    elif values.node_port_cidrs:
        yield problem(
            f"nodePortCidrs is for kubernetes {Kubernetes.KUBEADM}, got kubernetes "
            f"{values.kubernetes}, which has no NodePorts; leave it out, or use kubeadm",
            "nodePortCidrs",
            "kubernetes",
        )


def _cluster_problems(values: Values) -> Iterator[Problem]:
    services, port = values.service_cidr, values.vxlan_port
    if not LARGEST_SERVICES <= services.prefixlen <= SMALLEST_SERVICES:
        yield problem(
            f"serviceCidr {services} is a /{services.prefixlen}; kubeadm takes a range of services "
            f"from /{LARGEST_SERVICES} to /{SMALLEST_SERVICES}",
            "serviceCidr",
            "kubernetes",
        )
    if NODE_PORTS[0] <= port <= NODE_PORTS[1]:
        yield problem(
            f"vxlanPort {port} is one of the NodePorts of Kubernetes, {NODE_PORTS[0]} to "
            f"{NODE_PORTS[1]}; use 8472, Linux's own for VXLAN, 4789 or another free port",
            "vxlanPort",
            "kubernetes",
        )
    first = f"node-{CONTROL_PLANE}"
    left = values.node_count - len(values.roll)
    if first in values.roll and left > 0:
        yield problem(
            f"roll names {first}, the control plane: its disk holds the cluster, so made anew it "
            f"is another cluster, of which the other nodes know nothing; leave {first} out, or "
            f"name all {values.node_count} nodes to begin with an empty cluster",
            "roll",
            "kubernetes",
            "nodeCount",
        )
