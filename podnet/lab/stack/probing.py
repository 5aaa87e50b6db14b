"""Probes of a stack: packets between all pods and nodes, and to the Services of its cluster."""

from __future__ import annotations

from collections.abc import Sequence

from podnet.lab.cloud.fabric import INTERNET_HOST
from podnet.lab.home import Home
from podnet.lab.kubernetes import services
from podnet.lab.kubernetes.cluster import Cluster
from podnet.lab.nodes.endpoints import node_endpoint, pod_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod
from podnet.probe import Matrix
from podnet.probe.run import probe
from podnet.system.netns import NAMESPACES


def probe_bare(home: Home, nodes: Sequence[Node], pods: Sequence[Pod]) -> Matrix:
    """Packets between all pairs, and the verdict."""
    endpoints = [*map(pod_endpoint, pods), *map(node_endpoint, nodes)]
    return probe(endpoints, NAMESPACES / home.internet_namespace, INTERNET_HOST)


def probe_cluster(
    home: Home, cluster: Cluster, nodes: Sequence[Node], pods: Sequence[Pod]
) -> Matrix:
    """Packets between all pairs, then Services and DNS names from each; the verdict."""
    hosts = cluster.hosts(nodes)
    endpoints = [*map(pod_endpoint, pods), *hosts, *map(node_endpoint, nodes)]
    matrix = probe(endpoints, NAMESPACES / home.internet_namespace, INTERNET_HOST)
    sources = {each.name: each for each in endpoints}
    return matrix.with_results(*services.ask(sources, cluster.targets(nodes, pods)))
