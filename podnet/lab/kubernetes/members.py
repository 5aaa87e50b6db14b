"""The nodes of a cluster: pure, from the Node objects that the API lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A node of the cluster."""

    name: str
    version: str
    block: str
    """Its `spec.podCIDR`; empty until it is set."""
    why_not_ready: str | None
    schedulable: bool
    boot_id: str
    """Of the boot from which its kubelet reported last."""


def members(items: Iterable[Object]) -> dict[str, Member]:
    """The nodes by name."""
    return {each.name: each for each in map(_member, items)}


def _member(item: Object) -> Member:
    status = item.get("status", {})
    ready: Object = next(
        (each for each in status.get("conditions", ()) if each["type"] == "Ready"), {}
    )
    reason = None
    if ready.get("status") != "True":
        reason = str(ready.get("message") or "its kubelet has not reported yet")
    return Member(
        name=item["metadata"]["name"],
        version=status.get("nodeInfo", {}).get("kubeletVersion", "unknown"),
        block=item.get("spec", {}).get("podCIDR", ""),
        why_not_ready=reason,
        schedulable=not item.get("spec", {}).get("unschedulable", False),
        boot_id=status.get("nodeInfo", {}).get("bootID", ""),
    )


def not_ready(found: Mapping[str, Member], wanted: Mapping[str, str]) -> dict[str, str]:
    """The nodes that cannot take pods yet, by name, with the reason.

    `wanted` holds the boot id of each node: the API shows a kubelet's last report for a while
    after the node has gone down, so only a report of the present boot counts.
    """
    reasons = {}
    for name, boot_id in wanted.items():
        member = found.get(name)
        if member is None:
            reasons[name] = "it has not joined the cluster"
        elif member.why_not_ready:
            reasons[name] = member.why_not_ready
        elif member.boot_id != boot_id:
            reasons[name] = "its kubelet has not reported since it booted"
        elif not member.block:
            reasons[name] = "it has no podCIDR yet"
    return reasons
