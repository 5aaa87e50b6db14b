"""What is to be done about Node objects: pure, from what is there and what is wanted."""

import json
import re
from collections.abc import Iterable
from typing import Any

from plan.address import AddressPlan
from plan.kubernetes import CONTROL_PLANE

Item = dict[str, Any]


def number(name: str) -> int | None:
    """The number of the node with this name; none where it is not named as ours are."""
    found = re.fullmatch(r"node-([1-9]\d*)", name)
    return int(found[1]) if found else None


def blocks(plan: AddressPlan, items: Iterable[Item]) -> tuple[dict[str, str], list[str]]:
    """The block that each Node object lacks, by name; and what is wrong with others, in words."""
    lacking, wrong = {}, []
    for item in items:
        name, has = item["metadata"]["name"], item["spec"].get("podCIDR")
        index = number(name)
        if index is None or index > plan.capacity:
            wrong.append(f"{name} is no node of this stack and is left alone")
            continue
        block = str(plan.block(plan.node(index)))
        if not has:
            lacking[name] = block
        elif has != block:
            wrong.append(
                f"{name} has podCIDR {has}, the address rule says {block}; Kubernetes lets nobody "
                f"change it, so `kubectl delete node {name}` and restart its kubelet"
            )
    return lacking, wrong


def patch(block: str) -> str:
    """What is to be merged into a Node object for it to have a block."""
    return json.dumps({"spec": {"podCIDR": block, "podCIDRs": [block]}})


def surplus(items: Iterable[Item], wanted: int) -> list[str]:
    """The names of the nodes above the wanted count, the highest first."""
    names = {item["metadata"]["name"]: number(item["metadata"]["name"]) for item in items}
    above = {name: index for name, index in names.items() if index and index > wanted}
    return sorted(above, key=lambda name: -above[name])


def count(text: str) -> int:
    """The wanted count as the parameter says it; raises `ValueError` with the reason."""
    if not (text.isascii() and text.isdigit() and int(text) >= CONTROL_PLANE):
        raise ValueError(f"{text!r} is no count of nodes, so none is removed")
    return int(text)
