"""The tags of every resource: those of the settings, the stack's, and a name."""

from __future__ import annotations

from collections.abc import Mapping

from podnet.plan.tags import STACK, short


def common(stack: str, settings: Mapping[str, str]) -> dict[str, str]:
    """What all resources of the stack are tagged with."""
    return {**settings, STACK: stack}


def named(tags: Mapping[str, str], name: str, **own: str) -> dict[str, str]:
    """The common tags and, as the console shows it, the name of one resource."""
    return {**tags, **own, "Name": title(tags[STACK], name)}


def title(stack: str, name: str) -> str:
    """What the console shows as the name of a resource."""
    return f"{short(stack)}-{name}"


def rule_in(key: str) -> str:
    """The name of a firewall rule for what may come in, by its key in the plan."""
    return f"in-{key}"


def path(key: str) -> str:
    """Where a tag stands, as the options of a resource name it."""
    return f'tags["{key}"]'
