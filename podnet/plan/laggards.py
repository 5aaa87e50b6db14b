"""Which nodes have not said that they applied a routing, and what each of them said last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from podnet.plan.acknowledgement import Acknowledgement

MOST_NAMED = 20
"""Nodes that an error names; it counts the others."""


def by_node(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values of parameters by the last part of their names."""
    return {name.rpartition("/")[2]: value for name, value in parameters}


def laggards(
    routing: str, instances: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """Why each node that has not applied the routing is late, by its name.

    `instances` are the ids of all nodes' present instances, `values` what nodes said last.
    """
    found = {
        node: _reason(routing, instance, values.get(node)) for node, instance in instances.items()
    }
    return {node: reason for node, reason in found.items() if reason}


def failure(
    routing: str, late: Mapping[str, str], instances: Mapping[str, str], seconds: int
) -> str:
    """The error that ends a deployment whose nodes do not follow."""
    lines = [f"  - {node} ({instances[node]}): {reason}" for node, reason in late.items()]
    if more := lines[MOST_NAMED:]:
        lines = [*lines[:MOST_NAMED], f"  - and {len(more)} more"]
    named = "\n".join(lines)
    return (
        f"{len(late)} of {len(instances)} nodes have not applied the routing {routing!r}, and none "
        f"has in podnet:settleTimeout ({seconds} s):\n{named}\n"
        "Nothing was removed, so what those nodes use is still there. Mend them (`systemctl "
        "restart podnet-agent podnet-acknowledge` on a node, a reboot, or podnet:roll, which "
        "replaces it), and deploy again, which goes on waiting; or set podnet:routing back to what "
        "it was and deploy, which takes the change back"
    )


def _reason(routing: str, instance: str, text: str | None) -> str:
    """Why a node is late; empty where it is not."""
    console = (
        f"`aws ec2 get-console-output --latest --output text --instance-id {instance}` shows how "
        "far it booted, and `journalctl -u podnet-update -u podnet-acknowledge` on it what it lacks"
    )
    if text is None:
        return "its parameter is gone; `pulumi refresh` and another deployment make it again"
    try:
        last = Acknowledgement.parse(text)
    except ValueError as error:
        return f"{error}; its next change of routing or release writes it again"
    if last is None:
        return f"it never reported; {console}"
    if last.instance != instance:
        return f"it never reported, only {last.instance} did, which was this node before; {console}"
    if last.routing == routing:
        return ""
    has = f"it has {last.routing!r}" if last.routing else "its agent has applied none"
    return "; ".join([f"{has}, as it said at {last.time}", *last.problems])
