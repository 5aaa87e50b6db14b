"""Decides what Node objects lack and which are surplus. Pure."""

import json
from collections.abc import Iterable
from typing import Any

from podnet.plan.address import AddressPlan
from podnet.plan.kubernetes import CONTROL_PLANE
from podnet.plan.names import node_number

Item = dict[str, Any]


def listed(text: str) -> list[Item]:
    """The items of a list in kubectl's JSON."""
    items: list[Item] = json.loads(text)["items"]
    return items


def blocks(plan: AddressPlan, items: Iterable[Item]) -> tuple[dict[str, str], list[str]]:
    """The missing block of each Node object by name, and a sentence for each that is wrong."""
    missing, wrong = {}, []
    for item in items:
        name, has = item["metadata"]["name"], item["spec"].get("podCIDR")
        index = node_number(name)
        if index is None or index > plan.capacity:
            wrong.append(f"{name} is not a node of this stack and is left alone")
            continue
        block = str(plan.block(plan.node(index)))
        if not has:
            missing[name] = block
        elif has != block:
            wrong.append(
                f"{name} has podCIDR {has}, the address rule gives it {block}; Kubernetes does not "
                f"allow a change, so run `kubectl delete node {name}` and restart its kubelet"
            )
    return missing, wrong


def patch(block: str) -> str:
    """The merge patch that gives a Node object its block."""
    return json.dumps({"spec": {"podCIDR": block, "podCIDRs": [block]}})


def surplus(items: Iterable[Item], wanted: int) -> list[str]:
    """The names of the nodes above the wanted count, the highest first."""
    names = {item["metadata"]["name"]: node_number(item["metadata"]["name"]) for item in items}
    above = {name: index for name, index in names.items() if index and index > wanted}
    return sorted(above, key=lambda name: -above[name])


def parse_count(text: str) -> int:
    """The wanted count from its parameter; raises `ValueError` with the reason."""
    if not (text.isascii() and text.isdigit() and int(text) >= CONTROL_PLANE):
        raise ValueError(f"{text!r} is not a count of nodes, so no node is removed")
    return int(text)
