"""Decides what Node objects lack and which are surplus. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from typing import Any

from podnet.plan.address import AddressPlan
from podnet.plan.names import node_number

Item = dict[str, Any]
VXLAN_ADDRESS = "projectcalico.org/IPv4VXLANTunnelAddr"
"""Where Calico reads the address of a node's VXLAN device, which it makes no routes without
(felix/dataplane/linux/route_mgr.go@87c15906). By its own IPAM it would choose one itself."""


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
        try:
            block = str(plan.block(plan.node(index or 0)))
        except ValueError:
            wrong.append(f"{name} is not a node of this stack and is left alone")
            continue
        if not has:
            missing[name] = block
        elif has != block:
            wrong.append(
                f"{name} has podCIDR {has}, the address rule gives it {block}; Kubernetes does not "
                f"allow a change, so run `kubectl delete node {name}` and restart its kubelet"
            )
    return missing, wrong


def patch(block: str, cni: str) -> str:
    """The merge patch that gives a Node object its block."""
    wanted: Item = {"spec": {"podCIDR": block, "podCIDRs": [block]}}
    if cni == "calico":
        wanted["metadata"] = {"annotations": {VXLAN_ADDRESS: str(IPv4Network(block)[1])}}
    return json.dumps(wanted)


def surplus(plan: AddressPlan, items: Iterable[Item], wanted: Sequence[int]) -> list[str]:
    """The names of the nodes above the wanted count of their zone, the highest first."""
    names = {item["metadata"]["name"]: node_number(item["metadata"]["name"]) for item in items}
    above = {
        name: index for name, index in names.items() if index and _is_above(plan, index, wanted)
    }
    return sorted(above, key=lambda name: -above[name])


def _is_above(plan: AddressPlan, index: int, wanted: Sequence[int]) -> bool:
    zone, turn = divmod(index, plan.size)
    return turn > (wanted[zone] if zone < len(wanted) else 0)


def parse_counts(text: str) -> tuple[int, ...]:
    """The wanted count of each zone from the parameter; raises `ValueError` with the reason."""
    if not re.fullmatch(r"[1-9][0-9]*(,[0-9]+)*", text):
        raise ValueError(f"{text!r} are no counts of nodes, so no node is removed")
    return tuple(map(int, text.split(",")))
