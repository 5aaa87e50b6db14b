"""In which order resources come and go."""

from __future__ import annotations

from collections.abc import Iterable

from podnet.lab.engines.embedded.state import Resource


def deletions(resources: Iterable[Resource]) -> list[Resource]:
    """The order in which to delete: each before everything it needs; else the newest first.

    `resources` come oldest first. A replaced resource and its successor share a URN, so programs
    that turned a dependency round can make a circle; it is broken at the newest.
    """
    waiting = list(resources)
    ordered = []
    while waiting:
        needed = {urn for item in waiting for urn in item.needs - {item.urn}}
        free = [item for item in waiting if item.urn not in needed]
        chosen = (free or waiting)[-1]
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered


def creations(resources: Iterable[Resource]) -> list[Resource]:
    """The order in which they were, or could be, created."""
    return deletions(resources)[::-1]
