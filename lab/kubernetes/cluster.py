"""One stack's cluster, from its API server's first word to a proof of it with packets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from subprocess import TimeoutExpired
from typing import Any

from lab.errors import LabError
from lab.kubernetes import nodes as nodes_of
from lab.kubernetes import pods as pods_of
from lab.kubernetes import services, workload
from lab.kubernetes.kubectl import Kubectl, NoCluster
from lab.kubernetes.pods import NotThere
from lab.node import Node
from lab.pods import Pod
from lab.probe import Endpoint, Matrix
from lab.shell import CommandError
from plan.kubernetes import dns_service, endpoint
from plan.settings import Settings

NODES_LIMIT = 300.0
PODS_LIMIT = 120.0
POLL = 0.5
BOOT_ID = "/proc/sys/kernel/random/boot_id"
PATIENCE = "--request-timeout=10s"
SOURCE = "--field-manager=podnet-lab"

Note = Callable[[str], None]
Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A cluster as the lab sees it; each look at it is a run of kubectl."""

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

    def wait_nodes(self, nodes: Sequence[Node], note: Note) -> None:
        """Return when these nodes are Ready, each with its block; raises `LabError` if late."""
        limit = time.monotonic() + NODES_LIMIT
        wanted = {node.name: node.run("cat", BOOT_ID).strip() for node in nodes}
        while True:
            late = self._late(wanted)
            if not late:
                return
            note(f"{len(wanted) - len(late)} of {len(wanted)} Ready; {_first(late)}")
            if time.monotonic() > limit:
                lines = "\n".join(f"  - {name}: {reason}" for name, reason in late.items())
                raise LabError(
                    f"{len(late)} of {len(wanted)} nodes not Ready after {NODES_LIMIT:.0f} s:\n"
                    f"{lines}\n`podnet exec --stack {self.stack} NODE -- journalctl -u "
                    "podnet-kubernetes -u kubelet` tells more"
                )
            time.sleep(POLL)

    def ensure_pods(self, nodes: Sequence[Node], note: Note) -> list[Pod]:
        """The pods of the proof, after the cluster has been given what makes them."""
        self.kubectl().run(
            "apply",
            "--server-side",
            "--force-conflicts",
            SOURCE,
            "-f",
            "-",
            stdin=workload.text(len(nodes)),
        )
        return self.wait_pods(nodes, note)

    def wait_pods(self, nodes: Sequence[Node], note: Note) -> list[Pod]:
        """The pods of the proof, once all are there and ready."""
        limit = time.monotonic() + PODS_LIMIT
        while True:
            try:
                return self._pods(nodes)
            except NotThere as error:
                reason = str(error)
            note(reason)
            if time.monotonic() > limit:
                raise LabError(
                    f"the pods of the proof are not ready after {PODS_LIMIT:.0f} s: {reason}; "
                    f"`podnet kubectl --stack {self.stack} -- -n {workload.NAMESPACE} describe "
                    "pods` tells more"
                )
            time.sleep(POLL)

    def renew_pods(self, nodes: Sequence[Node], note: Note) -> list[Pod]:
        """Delete every pod that has an address of its own, and wait for those made in place."""
        kubectl = self.kubectl()
        for item in self.pods():
            if not item["spec"].get("hostNetwork"):
                meta = item["metadata"]
                kubectl.run(
                    "delete",
                    "pod",
                    meta["name"],
                    f"--namespace={meta['namespace']}",
                    "--wait=false",
                    "--ignore-not-found",
                )
        return self.wait_pods(nodes, note)

    def hosts(self, nodes: Sequence[Node]) -> list[Endpoint]:
        """The pods of the proof that are in the networks of their nodes."""
        return list(pods_of.hosts(nodes, pods_of.of_probe(self.pods())))

    def prove(
        self, matrix: Matrix, nodes: Sequence[Node], pods: Sequence[Pod], hosts: Sequence[Endpoint]
    ) -> Matrix:
        """The verdict, with what pods and nodes find of Services and names."""
        sources = {
            each.name: each
            for each in (*map(Endpoint.of_pod, pods), *hosts, *map(Endpoint.of_node, nodes))
        }
        return matrix.and_also(*services.ask(sources, self._asked(nodes, pods)))

    def drain(self, name: str, note: Note) -> None:
        """Take the pods off a node and the node out of the cluster, before it is made anew."""
        kubectl = self.kubectl()
        note(f"{name} is drained")
        kubectl.run(
            "drain",
            name,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            "--force",
            f"--timeout={PODS_LIMIT:.0f}s",
        )
        kubectl.run("delete", "node", name, "--ignore-not-found")

    def _asked(self, nodes: Sequence[Node], pods: Sequence[Pod]) -> services.Asked:
        addresses = {
            item["metadata"]["name"]: IPv4Address(item["spec"]["clusterIP"])
            for item in self._list("services")
            if item["metadata"]["namespace"] == workload.NAMESPACE
        }
        behind = {pod.label: Endpoint.of_pod(pod) for pod in pods}
        anywhere = addresses[workload.ANYWHERE]
        first = nodes[0].address
        return services.Asked(
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

    def _late(self, wanted: Mapping[str, str]) -> dict[str, str]:
        try:
            return nodes_of.late(self.members(), wanted)
        except NoCluster:
            return dict.fromkeys(wanted, "the control plane has not written its kubeconfig yet")
        except (CommandError, TimeoutExpired) as error:
            return dict.fromkeys(wanted, f"the API server: {_last_line(error)}")

    def _pods(self, nodes: Sequence[Node]) -> list[Pod]:
        found = pods_of.of_probe(self.pods())
        for name, count in workload.wanted(len(nodes)).items():
            for item in found[name]:
                if reason := pods_of.why_not_ready(item):
                    raise NotThere(reason)
            if len(found[name]) != count:
                raise NotThere(f"{len(found[name])} of {count} pods of {name} are there")
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


def _first(late: Mapping[str, str]) -> str:
    name, reason = next(iter(late.items()))
    return f"{name}: {reason}"


def _last_line(error: Exception) -> str:
    if isinstance(error, CommandError):
        return error.output.strip().splitlines()[-1] if error.output.strip() else "no word of it"
    return "it does not answer"
