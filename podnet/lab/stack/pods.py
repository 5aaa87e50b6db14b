"""The pods of a stack: started by the lab itself, or by the stack's cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from podnet.lab.home import Home
from podnet.lab.kubernetes import workload
from podnet.lab.kubernetes.cluster import Cluster
from podnet.lab.kubernetes.pods import label as pod_label
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod, Pods
from podnet.probe import Matrix
from podnet.system.progress import Progress

PODS_A_NODE = ("a", "b")
"""The pods that every node has, by what follows its number in their names."""


class StackPods(Protocol):
    """The pods on the nodes of one stack."""

    def ensure(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """All pods of these nodes, after missing ones were started."""
        ...

    def replace(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """The same pods, each removed and started again."""
        ...

    def running(self, nodes: list[Node]) -> list[Pod]:
        """The pods that run on these nodes."""
        ...

    def missing(self, node: str, pods: Sequence[Pod], reason: str | None) -> dict[str, str]:
        """Labels of pods that a node must have and that are not among these, with the reason.

        `reason` is why the node itself cannot have pods, or None where it can.
        """
        ...

    def probe(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """Packets between all pairs of these, and the verdict."""
        ...


@dataclass(frozen=True, slots=True)
class BarePods:
    """Pods that the lab attaches by the CNI plugins of each node's conflist."""

    home: Home

    def ensure(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """All pods, after the missing ones of `PODS_A_NODE` were started."""
        return _on_each(nodes, _fill, note)

    def replace(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """The same pods, removed and added, as a change of their nodes' conflist needs."""
        return _on_each(nodes, _replace, note)

    def running(self, nodes: list[Node]) -> list[Pod]:
        """The pods that run on these nodes."""
        return [pod for node in nodes for pod in Pods(node).list()]

    def missing(self, node: str, pods: Sequence[Pod], reason: str | None) -> dict[str, str]:
        """Those of `PODS_A_NODE` that are not among these, with the reason."""
        found = {pod.name for pod in pods if pod.node.name == node}
        return {
            name: reason or f"{name} does not run" for name in _names(node) if name not in found
        }

    def probe(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """Packets between all pairs, and the verdict."""
        # Here, since most commands send no packets: asyncio and the fabric cost them a fifth.
        from podnet.lab.stack.probing import probe_bare  # noqa: PLC0415  # loads slowly

        return probe_bare(self.home, nodes, pods)


@dataclass(frozen=True, slots=True)
class ClusterPods:
    """Pods that kubelets start, as the cluster's API lists them."""

    home: Home
    cluster: Cluster

    def wait_nodes(self, nodes: Sequence[Node], note: Progress) -> None:
        """Return when these nodes are Ready."""
        self.cluster.wait_nodes(nodes, note)

    def ensure(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """The pods of the lab's workload, after it was applied."""
        return self._counted(nodes, self.cluster.ensure_pods(nodes, note), note)

    def replace(self, nodes: list[Node], note: Progress) -> list[Pod]:
        """The same pods, after each was deleted and its controller made another."""
        return self._counted(nodes, self.cluster.renew_pods(nodes, note), note)

    def running(self, nodes: list[Node]) -> list[Pod]:
        """The pods of the lab's workload, once all are ready."""
        return self.cluster.wait_pods(nodes, lambda _: None)

    def missing(self, node: str, pods: Sequence[Pod], reason: str | None) -> dict[str, str]:
        """The pod of the DaemonSet, where it is not among these, with the reason."""
        name = pod_label(workload.DAEMON, node)
        return (
            {} if name in {pod.label for pod in pods} else {name: reason or f"{name} does not run"}
        )

    def probe(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """Packets between all pairs, then Services and DNS names from each; the verdict."""
        # As above; the checks of DNS names load a library as well.
        from podnet.lab.stack.probing import probe_cluster  # noqa: PLC0415  # loads slowly

        return probe_cluster(self.home, self.cluster, nodes, pods)

    @staticmethod
    def _counted(nodes: Sequence[Node], pods: list[Pod], note: Progress) -> list[Pod]:
        note(f"{len(pods)} on {len(nodes)} nodes, and one in the network of each")
        return pods


def _fill(node: Node) -> list[Pod]:
    pods = Pods(node)
    ports = {name: pods.ports(name) for name in pods.incomplete()}
    for name in ports:
        pods.remove(name)
    found = {pod.name for pod in pods.list()}
    for name in _names(node.name):
        if name not in found:
            pods.add(name, ports.get(name, ()))
    return pods.list()


def _names(node: str) -> list[str]:
    return [f"pod-{node.removeprefix('node-')}{letter}" for letter in PODS_A_NODE]


def _replace(node: Node) -> list[Pod]:
    pods = Pods(node)
    ports = {pod.name: pod.ports for pod in pods.list()}
    for name in ports:
        pods.remove(name)
    for name, theirs in ports.items():
        pods.add(name, theirs)
    return pods.list()


def _on_each(nodes: list[Node], work: Callable[[Node], list[Pod]], note: Progress) -> list[Pod]:
    with ThreadPoolExecutor() as pool:
        pods = [pod for each in pool.map(work, nodes) for pod in each]
    note(f"{len(pods)} on {len(nodes)} nodes")
    return pods
