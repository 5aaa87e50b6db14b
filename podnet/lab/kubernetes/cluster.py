"""One stack's cluster: waiting for its nodes and pods, and verifying it with packets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from subprocess import TimeoutExpired
from typing import Any

from podnet.errors import UserError
from podnet.lab.kubernetes import members as nodes_of
from podnet.lab.kubernetes import pods as pods_of
from podnet.lab.kubernetes import workload
from podnet.lab.kubernetes.kubectl import Kubectl, NoClusterError
from podnet.lab.kubernetes.pods import NotYetError
from podnet.lab.kubernetes.targets import Targets
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod
from podnet.plan.kubernetes import dns_service, endpoint
from podnet.plan.policy_objects import KINDS, Found
from podnet.plan.settings import Settings
from podnet.probe import Endpoint
from podnet.system.commands import CommandError
from podnet.system.progress import Progress
from podnet.system.waiting import wait_until

NODES_LIMIT = 300.0
PODS_LIMIT = 120.0
POLL = 0.5
PATIENCE = "--request-timeout=10s"
SOURCE = "--field-manager=podnet-lab"

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A cluster as the lab sees it; each question is a run of kubectl."""

    kubectl: Callable[[], Kubectl]
    settings: Settings
    region: str
    stack: str

    def members(self) -> dict[str, nodes_of.Member]:
        """Its nodes by name."""
        return nodes_of.members(self._list("nodes"))

    def pods(self) -> list[dict[str, Any]]:
        """All pods, as the API lists them."""
        return self._list("pods")

    def network_policies(self) -> Found:
        """Its NetworkPolicy objects, and who enforces them."""
        return Found.of(self._list(KINDS))

    def wait_nodes(self, nodes: Sequence[Node], note: Progress) -> None:
        """Return when these nodes are Ready, each with its block.

        Raises `UserError` if one is not within `NODES_LIMIT` seconds.
        """
        wanted = {node.name: node.boot_id for node in nodes}
        reasons: dict[str, str] = {}

        def ready() -> bool:
            nonlocal reasons
            reasons = self._not_ready(wanted)
            if reasons:
                name, reason = next(iter(reasons.items()))
                note(f"{len(wanted) - len(reasons)} of {len(wanted)} Ready; {name}: {reason}")
            return not reasons

        if not wait_until(ready, NODES_LIMIT, POLL):
            lines = "\n".join(f"  - {name}: {reason}" for name, reason in reasons.items())
            raise UserError(
                f"{len(reasons)} of {len(wanted)} nodes not Ready after {NODES_LIMIT:.0f} s:\n"
                f"{lines}\n`podnet exec --stack {self.stack} NODE -- journalctl -u "
                "podnet-kubernetes -u kubelet` shows more",
                rule="cluster-nodes-not-ready",
            )

    def ensure_pods(self, nodes: Sequence[Node], note: Progress) -> list[Pod]:
        """Apply the workload of the verification, and wait for its pods."""
        apply = ("apply", "--server-side", "--force-conflicts", SOURCE, "-f", "-")
        self.kubectl().run(*apply, stdin=workload.text(len(nodes)))
        return self.wait_pods(nodes, note)

    def wait_pods(self, nodes: Sequence[Node], note: Progress) -> list[Pod]:
        """The pods of the verification, once all exist and are ready.

        Raises `UserError` if they are not within `PODS_LIMIT` seconds.
        """
        found: list[Pod] = []
        reason = ""

        def ready() -> bool:
            nonlocal found, reason
            try:
                found = self._pods(nodes)
            except NotYetError as error:
                reason = str(error)
                note(reason)
                return False
            return True

        if not wait_until(ready, PODS_LIMIT, POLL):
            raise UserError(
                f"the pods of the verification are not ready after {PODS_LIMIT:.0f} s: {reason}; "
                f"`podnet kubectl --stack {self.stack} -- -n {workload.NAMESPACE} describe pods` "
                "shows more",
                rule="cluster-pods-not-ready",
            )
        return found

    def renew_pods(self, nodes: Sequence[Node], note: Progress) -> list[Pod]:
        """Delete every pod that has an address of its own, and wait for its replacement."""
        kubectl = self.kubectl()
        for item in self.pods():
            if not item["spec"].get("hostNetwork"):
                meta = item["metadata"]
                namespace = f"--namespace={meta['namespace']}"
                options = (namespace, "--wait=false", "--ignore-not-found")
                kubectl.run("delete", "pod", meta["name"], *options)
        return self.wait_pods(nodes, note)

    def hosts(self, nodes: Sequence[Node]) -> list[Endpoint]:
        """The pods of the verification that use the network of their node."""
        return list(pods_of.hosts(nodes, pods_of.of_probe(self.pods())))

    def targets(self, nodes: Sequence[Node], pods: Sequence[Pod]) -> Targets:
        """The Services and names to ask from every pod and node."""
        addresses = {
            item["metadata"]["name"]: IPv4Address(item["spec"]["clusterIP"])
            for item in self._list("services")
            if item["metadata"]["namespace"] == workload.NAMESPACE
        }
        behind = {pod.label: pod_endpoint(pod) for pod in pods}
        anywhere = addresses[workload.ANYWHERE]
        first = nodes[0].address
        return Targets(
            anywhere=anywhere,
            own_node=addresses[workload.OWN_NODE],
            behind_anywhere=_made_by(workload.WEB, behind),
            behind_own_node=_made_by(workload.DAEMON, behind),
            dns=dns_service(self.settings.service_cidr),
            names={
                f"{workload.ANYWHERE}.{workload.NAMESPACE}.svc.cluster.local": anywhere,
                f"nobody.{workload.NAMESPACE}.svc.cluster.local": None,
                # Not the cluster's own: its DNS asks the VPC's.
                endpoint(first, self.region): first,
            },
        )

    def drain(self, name: str, note: Progress) -> None:
        """Evict the pods of a node and remove it from the cluster, before it is replaced."""
        kubectl = self.kubectl()
        note(f"draining {name}")
        options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force")
        kubectl.run("drain", name, *options, f"--timeout={PODS_LIMIT:.0f}s")
        kubectl.run("delete", "node", name, "--ignore-not-found")

    def _not_ready(self, wanted: Mapping[str, str]) -> dict[str, str]:
        try:
            return nodes_of.not_ready(self.members(), wanted)
        except NoClusterError:
            return dict.fromkeys(wanted, "the control plane has not written its kubeconfig yet")
        except (CommandError, TimeoutExpired) as error:
            return dict.fromkeys(wanted, f"the API server: {_last_line(error)}")

    def _pods(self, nodes: Sequence[Node]) -> list[Pod]:
        found = pods_of.of_probe(self.pods())
        for name, count in workload.wanted(len(nodes)).items():
            for item in found[name]:
                if reason := pods_of.why_not_ready(item):
                    raise NotYetError(reason)
            if len(found[name]) != count:
                raise NotYetError(f"{len(found[name])} of {count} pods of {name} are there")
        list(pods_of.hosts(nodes, found))
        return pods_of.pods(nodes, found)

    def _list(self, kind: str) -> list[dict[str, Any]]:
        text = self.kubectl().run(
            "get", kind, "--all-namespaces", "--output=json", PATIENCE, timeout=30
        )
        items: list[dict[str, Any]] = json.loads(text)["items"]
        return items


def _made_by(maker: str, behind: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    return {label: each for label, each in behind.items() if label.rpartition("-")[0] == maker}


def _last_line(error: Exception) -> str:
    if isinstance(error, CommandError):
        return error.output.strip().splitlines()[-1] if error.output.strip() else "no output"
    return "it does not answer"
