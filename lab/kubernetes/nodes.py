"""Node objects as a person wants to hear of them: pure, from what the API lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def members(items: Iterable[Object]) -> dict[str, Member]:
    """The nodes by name."""
    return {each.name: each for each in map(_member, items)}


def _member(item: Object) -> Member:
    status = item.get("status", {})
    ready: Object = next(
        (each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    reason = None
    if ready.get("status") != "True":
        reason = str(ready.get("message") or "its kubelet has not reported yet")
    return Member(
        name=item["metadata"]["name"],
        version=status.get("nodeInfo", {}).get("kubeletVersion", "unknown"),
        block=item.get("spec", {}).get("podCIDR", ""), why_not_ready=reason,
        schedulable=not item.get("spec", {}).get("unschedulable", False))


def late(found: Mapping[str, Member], wanted: Sequence[str]) -> dict[str, str]:
    """What keeps each of these nodes from taking pods, by name."""
    reasons = {}
    for name in wanted:
        member = found.get(name)
        if member is None:
            reasons[name] = "it has not joined the cluster"
        elif member.why_not_ready:
            reasons[name] = member.why_not_ready
        elif not member.block:
            reasons[name] = "it has no podCIDR yet"
    return reasons
