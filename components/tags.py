"""The tags of every resource: those of the settings, the stack's, and a name."""

from __future__ import annotations

from collections.abc import Mapping

STACK = "podnet:stack"
NODE = "podnet:node"


def common(stack: str, settings: Mapping[str, str]) -> dict[str, str]:
    """What all resources of the stack are tagged with."""
    return {**settings, STACK: stack}


def named(tags: Mapping[str, str], name: str, **own: str) -> dict[str, str]:
    """The common tags and, as the console shows it, the name of one resource."""
    return {**tags, **own, "Name": f"{tags[STACK]}-{name}"}
