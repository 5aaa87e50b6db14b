"""What every command does that deploys: bring the stack up, and prove it with packets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from lab.cli import cluster, deploy
from lab.cli.console import program_words, step
from lab.cli.deploy import EngineKind
from lab.engine import Summary
from lab.home import Home
from lab.node import Node
from lab.pods import Pod
from lab.probe import Matrix

NEW_MAC_SECONDS = 15.0
"""For how long a peer may send to the MAC that a node's address had before, and some to spare."""


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
        with step("pods, made anew" if renew_pods else "pods") as note:
            pods = cluster.renew_pods(nodes) if renew_pods else cluster.ensure_pods(nodes)
            note(f"{len(pods)} on {len(nodes)} nodes")
        limit = time.monotonic() + (NEW_MAC_SECONDS if _has_new_nodes(summary) else 0)
        with step("packets between all pairs") as note:
            matrix = cluster.prove(self.home, nodes, pods)
            while matrix.failed and time.monotonic() < limit:
                note("once more, as peers may still believe the MAC of a node that was here before")
                matrix = cluster.prove(self.home, nodes, pods)
            note(f"{matrix.passed} of {matrix.pairs} pairs passed")
        return Proof(summary, nodes, pods, matrix)


def _has_new_nodes(summary: Summary) -> bool:
    return any(
        item.op in ("create", "replace") and item.type == "aws:ec2/instance:Instance"
        for item in summary.changes
    )
