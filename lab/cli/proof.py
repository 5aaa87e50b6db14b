"""What every command does that deploys: bring the stack up, and prove it with packets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from lab.cli import cluster, deploy, kept
from lab.cli.console import program_words, step
from lab.cli.deploy import EngineKind
from lab.cli.runtimes import Clustered, runtime
from lab.engine import Summary
from lab.errors import LabError
from lab.home import Home
from lab.kubernetes import build, image
from lab.node import Node
from lab.pods import Pod
from lab.probe import Check, Matrix

NEW_MAC_SECONDS = 15.0
"""For how long a peer may send to the MAC that a node's address had before, and some to spare."""


SERVICES_SECONDS = 60.0
"""For how long kube-proxy and the cluster's DNS may go by pods that are not there any more."""
OFFERED = (Check.SERVICE, Check.NAME)


@dataclass(frozen=True, slots=True)
class Proof:
    """A deployment, and the verdict on it."""

    summary: Summary
    nodes: list[Node]
    pods: list[Pod]
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class Target:
    """A stack in a lab, and who deploys it."""

    home: Home
    stack: str
    engine: EngineKind
    endpoint: str

    def up(self, config: Mapping[str, str] | None = None, *, tell: bool = True) -> Summary:
        """Deploy, with this over the settings; `tell` shows what the program says of it."""
        self._image(config)
        with program_words(show=tell), step(f"stack {self.stack}") as note:
            chosen = deploy.engine(
                self.home, self.stack, self.engine, self.endpoint, note=note, config=config
            )
            summary = chosen.up()
            note(deploy.in_words(summary))
        return summary

    def preview(self, config: Mapping[str, str] | None = None) -> Summary:
        """What `up` would do, with what the program says of it."""
        with program_words(show=True), step(f"preview of stack {self.stack}"):
            return deploy.engine(
                self.home, self.stack, self.engine, self.endpoint, config=config
            ).preview()

    def prove(self, summary: Summary, *, renew_pods: bool = False) -> Proof:
        """Wait for the nodes, see to their pods, and send packets between all pairs."""
        client = cluster.ec2(self.endpoint, deploy.region(self.stack))
        wanted = {name: node["instanceId"] for name, node in summary.outputs["nodes"].items()}
        with step(f"nodes {', '.join(wanted)}") as note:
            nodes = cluster.wait_ready(self.home, client, wanted, note)
            note("ready")
        pods = self._pods(nodes, renew_pods=renew_pods)
        begun = time.monotonic()
        of = runtime(self.home, self.stack, self.endpoint)
        with step("packets between all pairs") as note:
            matrix = of.prove(nodes, pods)
            while why := _why_again(matrix, summary, time.monotonic() - begun):
                note(f"once more, as {why}")
                matrix = of.prove(nodes, pods)
            note(f"{matrix.passed} of {matrix.pairs} pairs passed")
        return Proof(summary, nodes, pods, matrix)

    def _pods(self, nodes: list[Node], *, renew_pods: bool) -> list[Pod]:
        of = runtime(self.home, self.stack, self.endpoint)
        if isinstance(of, Clustered):
            with step("cluster") as note:
                of.wait(nodes, note)
                note(f"{len(nodes)} of {len(nodes)} nodes Ready")
        with step("pods, made anew" if renew_pods else "pods") as note:
            return of.renew(nodes, note) if renew_pods else of.ensure(nodes, note)

    def _image(self, config: Mapping[str, str] | None) -> None:
        """See that there is what the nodes of a cluster start from."""
        settings = kept.settings(self.home, self.stack, config)
        if not settings.has_cluster or settings.image_id != image.IMAGE_ID:
            return
        if f"v{settings.kubernetes_version}" != (there := build.version("kubernetes")):
            raise LabError(
                f"kubernetesVersion {settings.kubernetes_version}: the lab's programs are of "
                f"{there}, and no others can be fetched in it; leave the setting out"
            )
        with step("Kubernetes image of the instances") as note:
            image.ensure(self.home.image, note)


def _why_again(matrix: Matrix, summary: Summary, seconds: float) -> str | None:
    """Why what failed may still come right, so many seconds after the first probe."""
    if not matrix.failed:
        return None
    if seconds < NEW_MAC_SECONDS and _has_new_nodes(summary):
        return "peers may still believe the MAC of a node that was here before"
    if seconds < SERVICES_SECONDS and all(each.check in OFFERED for each in matrix.failed):
        return "Services follow their pods a while later"
    return None


def _has_new_nodes(summary: Summary) -> bool:
    return any(
        item.op in ("create", "replace") and item.type == "aws:ec2/instance:Instance"
        for item in summary.changes
    )
