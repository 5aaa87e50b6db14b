"""Waits until the nodes of a deployment are ready for pods."""

from __future__ import annotations

from collections.abc import Mapping

from podnet.errors import UserError
from podnet.lab.clients import Client
from podnet.lab.home import Home
from podnet.lab.nodes.discovery import instance_states, running_nodes, why_not_ready
from podnet.lab.nodes.node import Node
from podnet.system.progress import Progress
from podnet.system.waiting import wait_until

READY_SECONDS = 60.0


def wait_ready(home: Home, ec2: Client, wanted: Mapping[str, str], note: Progress) -> list[Node]:
    """The nodes of `wanted`, which maps names to instance ids, once the agent of each is active.

    Raises `UserError` with the reason of each node that is not ready.
    """
    nodes: dict[str, Node] = {}
    reasons: dict[str, str] = {}

    def all_ready() -> bool:
        nodes.clear()
        nodes.update({node.instance_id: node for node in running_nodes(home, ec2)})
        reasons.clear()
        absent = wanted.values() - nodes.keys()
        states = instance_states(ec2, absent) if absent else {}
        for name, instance in wanted.items():
            node = nodes.get(instance)
            if reason := why_not_ready(node) if node else _why_absent(states.get(instance)):
                reasons[name] = reason
        first = "".join(f"; {name}: {reason}" for name, reason in [*reasons.items()][:1])
        note(f"{len(wanted) - len(reasons)} of {len(wanted)} ready{first}")
        return not reasons

    if not wait_until(all_ready, READY_SECONDS):
        lines = "\n".join(
            f"  - {name}: {reason}{_last_of_console(home, wanted[name])}"
            for name, reason in reasons.items()
        )
        raise UserError(
            f"{len(reasons)} of {len(wanted)} nodes not ready after {READY_SECONDS:.0f} s:\n"
            f"{lines}\ntheir consoles: {home.instances}/<instance id>/console.log",
            rule="nodes-not-ready",
        )
    return [nodes[instance] for instance in wanted.values()]


def _why_absent(state: str | None) -> str:
    """The reason for which an instance has no process, from its state; None where it is gone."""
    if state is None:
        return "its instance is gone; `podnet refresh` and `podnet up` launch another one"
    if state in ("pending", "running"):
        return "it has not booted yet"
    return f"its instance is {state}; start it (`aws ec2 start-instances`), or terminate it"


def _last_of_console(home: Home, instance: str) -> str:
    try:
        lines = (home.instances / instance / "console.log").read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"; the last line of its console: {last}" if last else ""
