"""The conditions of pods: pure, from what the API lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as JSON."""


def unmet_condition(pod: Object) -> str | None:
    """The first condition that keeps a pod from being ready; None for one that is."""
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    for kind in ("PodScheduled", "Ready"):
        condition = conditions.get(kind, {})
        if condition.get("status") != "True":
            return f"{name}: {condition.get('message') or status.get('phase', 'unknown')}"
    return None
