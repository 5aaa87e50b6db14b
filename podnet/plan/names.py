"""Node names and numbers, each from the other.

Standard library only, since every node of a cluster receives this very file.
"""

from __future__ import annotations

import re


def node_name(number: int) -> str:
    """Name of the node with this number, as in node-1."""
    return f"node-{number}"


def node_number(name: str) -> int | None:
    """Number of the node with this name; None for a name that no node of podnet has."""
    found = re.fullmatch(r"node-([1-9][0-9]{0,8})", name)
    return int(found[1]) if found else None
