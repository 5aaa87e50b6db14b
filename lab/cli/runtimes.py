"""Whose pods a stack's are: the lab's own, or those of its cluster; and what both can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import boto3  # type: ignore[import-untyped]

from lab.cli import cluster as lab_pods
from lab.cli import deploy, kept
from lab.cli.console import Note
from lab.errors import LabError
from lab.fabric import INTERNET_HOST, Fabric
from lab.home import Home
from lab.kubernetes.cluster import Cluster
from lab.kubernetes.kubectl import Kubectl, has_cluster
from lab.node import Node
from lab.pods import Pod, Pods
from lab.probe import Endpoint, Matrix, probe


class Runtime(Protocol):
    """Who starts pods on the nodes of a stack."""

    def wait(self, nodes: Sequence[Node], note: Note) -> None:
        """Return when all nodes can take pods."""
        ...

    def ensure(self, nodes: list[Node], note: Note) -> list[Pod]:
        """The pods of these nodes, made where they are missing."""
        ...

    def renew(self, nodes: list[Node], note: Note) -> list[Pod]:
        """The same pods, made anew."""
        ...

    def there(self, nodes: list[Node]) -> list[Pod]:
        """The pods that are there."""
        ...

    def prove(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """Packets between all pairs, and the verdict."""
        ...


@dataclass(frozen=True, slots=True)
class Bare:
    """Pods that the lab itself attaches, by the plugins of each node's conflist."""

    home: Home

    def wait(self, nodes: Sequence[Node], note: Note) -> None:
        """Nodes whose agent is at work can take pods."""

    def ensure(self, nodes: list[Node], note: Note) -> list[Pod]:
        """As `Runtime.ensure`."""
        pods = lab_pods.ensure_pods(nodes)
        note(f"{len(pods)} on {len(nodes)} nodes")
        return pods

    def renew(self, nodes: list[Node], note: Note) -> list[Pod]:
        """As `Runtime.renew`."""
        pods = lab_pods.renew_pods(nodes)
        note(f"{len(pods)} on {len(nodes)} nodes")
        return pods

    def there(self, nodes: list[Node]) -> list[Pod]:
        """As `Runtime.there`."""
        return [pod for node in nodes for pod in Pods(node).list()]

    def prove(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """As `Runtime.prove`."""
        return lab_pods.prove(self.home, nodes, pods)


@dataclass(frozen=True, slots=True)
class Clustered:
    """Pods that kubelets start, as the cluster's API says."""

    home: Home
    cluster: Cluster

    def wait(self, nodes: Sequence[Node], note: Note) -> None:
        """As `Runtime.wait`."""
        self.cluster.wait_nodes(nodes, note)

    def ensure(self, nodes: list[Node], note: Note) -> list[Pod]:
        """As `Runtime.ensure`."""
        return self._counted(nodes, self.cluster.ensure_pods(nodes, note), note)

    def renew(self, nodes: list[Node], note: Note) -> list[Pod]:
        """As `Runtime.renew`."""
        return self._counted(nodes, self.cluster.renew_pods(nodes, note), note)

    def there(self, nodes: list[Node]) -> list[Pod]:
        """As `Runtime.there`."""
        return self.cluster.wait_pods(nodes, lambda _: None)

    def prove(self, nodes: list[Node], pods: list[Pod]) -> Matrix:
        """As `Runtime.prove`, and what pods and nodes find of Services and names."""
        hosts = self.cluster.hosts(nodes)
        endpoints = [*map(Endpoint.of_pod, pods), *hosts, *map(Endpoint.of_node, nodes)]
        internet = Path("/run/netns") / Fabric(self.home).internet_namespace
        matrix = probe(endpoints, internet, INTERNET_HOST)
        return self.cluster.prove(matrix, nodes, pods, hosts)

    @staticmethod
    def _counted(nodes: list[Node], pods: list[Pod], note: Note) -> list[Pod]:
        note(f"{len(pods)} on {len(nodes)} nodes, and one in the network of each")
        return pods


def runtime(home: Home, stack: str, endpoint: str) -> Runtime:
    """Who starts pods in this stack, as it is deployed."""
    found = cluster(home, stack, endpoint)
    return Clustered(home, found) if found else Bare(home)


def cluster(home: Home, stack: str, endpoint: str) -> Cluster | None:
    """The cluster of a stack; None for a stack that is deployed without Kubernetes."""
    region = deploy.region(stack)
    ssm = boto3.client(
        "ssm",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )  # noqa: S106  # opens nothing
    if not has_cluster(ssm, stack):
        return None
    return Cluster(
        kubectl=lambda: Kubectl.of(home, stack, ssm),
        region=region,
        stack=stack,
        settings=kept.settings(home, stack),
    )


def kubectl(home: Home, stack: str, endpoint: str) -> Kubectl:
    """The program for a stack; raises `LabError` where there is no cluster, or none yet."""
    ssm = boto3.client(
        "ssm",
        endpoint_url=endpoint,
        region_name=deploy.region(stack),
        aws_access_key_id="lab",
        aws_secret_access_key="lab",
    )  # noqa: S106  # opens nothing
    return Kubectl.of(home, stack, ssm)


def only_bare(home: Home, stack: str, endpoint: str) -> None:
    """Raise `LabError` for a stack whose pods are its cluster's business."""
    if cluster(home, stack, endpoint):
        raise LabError(
            f"the pods of stack {stack} are made by its cluster: "
            f"`podnet kubectl --stack {stack} -- run …` starts one"
        )
