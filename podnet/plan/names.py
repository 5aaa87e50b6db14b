"""Node names and numbers, each from the other.

Standard library only, since every node of a cluster receives this very file.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from podnet.plan.address import FIRST_NODE_OFFSET, AddressPlan


def node_name(number: int) -> str:
    """Name of the node with this number, as in node-1."""
    return f"node-{number}"


def node_number(name: str) -> int | None:
    """Number of the node with this name; None for a name that no node of podnet has."""
    found = re.fullmatch(r"node-([1-9][0-9]{0,8})", name)
    return int(found[1]) if found else None


def number_at(plan: AddressPlan, address: IPv4Address) -> int:
    """Number of the node at this address; raises where the rule gives it to no node."""
    zone = plan.zone(address)
    turn = int(address) - int(plan.subnet(zone)[FIRST_NODE_OFFSET])
    if zone < 0 or not 1 <= turn <= plan.capacity:
        raise ValueError(f"{address} is the address of no node")
    return zone * plan.size + turn
