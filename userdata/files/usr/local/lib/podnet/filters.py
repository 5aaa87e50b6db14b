"""Packet filters of other programs, and what they drop of pods.

A drop in any chain ends a packet, whatever another chain accepts. So the agent computes from their
rules what happens to the first packet of each flow that must work. A match that it cannot decide,
as of marks, sets or ports, is taken to be meant.
"""

import json
import socket
from collections.abc import Iterator
from fnmatch import fnmatch
from ipaddress import IPv4Network
from typing import Any

from links import GRE, OVERLAY
from machine import Node, run
from podnet.plan.node_network import BRIDGE
from podnet.plan.routing import Routing, RoutingMode

IPTABLES = ("ip", "filter", "FORWARD")
"""The chain whose policy Docker and ufw set to drop, by iptables."""
NO, UNKNOWN, SOME, YES = range(4)
"""How many packets of a flow a match is for; all matches of a rule together, the least of them."""
HARMLESS = ("accept", "comment", "counter", "drop", "goto", "jump", "log", "reject", "return")
FACTS = ("saddr", "daddr", "iifname", "oifname", "state")

Flow = dict[str, Any]
"""What matches find in a packet, by their keys."""
Key = tuple[str, str, str]
"""Family, table and name of a chain."""
Verdict = tuple[str, Key]
"""What ends a packet, and in which chain."""


def flows(node: Node, routing: Routing) -> dict[str, list[Flow]]:
    """The flows of pods by the hook that they pass; another CNI's are its own."""
    if routing.cni:
        return {}
    pods, block, own = node.addresses.pods, node.block, IPv4Network(node.address)
    wires = {RoutingMode.OVERLAY: OVERLAY, RoutingMode.L2: BRIDGE}
    wire = wires.get(routing.mode, f"flannel.{routing.vni + 2}")
    if routing.variant.gre:
        wire = GRE
    elif not routing.variant.vxlan:
        wire = node.link
    forward = [
        (block, block, BRIDGE, BRIDGE),
        (block, pods, BRIDGE, wire),
        (pods, block, wire, BRIDGE),
    ]
    rows = {
        **dict.fromkeys(("prerouting", "forward", "postrouting"), forward),
        "input": [(block, own, BRIDGE, "")],
        "output": [(own, block, "", BRIDGE)],
    }
    return {
        hook: [dict(zip(FACTS, (*row, "new"), strict=True)) for row in found]
        for hook, found in rows.items()
    }


class Filters:
    """The filters of other programs in the kernel."""

    def __init__(self) -> None:
        self.generation: object = None
        self.chains: dict[Key, list[Any]] = {}
        self.dropping: dict[Verdict, None] = {}

    def keep(self, node: Node, routing: Routing) -> str:
        """Let pods' packets pass iptables' chain FORWARD where its policy is to drop."""
        # Read again when anything in nftables has changed: a cluster has thousands of rules.
        found = generation(), node, routing
        if found == self.generation:
            return ""
        self.generation, wanted, self.dropping = found, flows(node, routing), {}
        for key, hook in self._read().items():
            for flow in wanted.get(hook, ()):
                if (end := self._walk(key, flow)) and end[0]:
                    self.dropping[end] = None
        if self.dropping.pop(("policy", IPTABLES), "") == "":
            return ""
        # At the end, so that whatever else the chain drops stays dropped, as Flannel does it.
        for which in FACTS[:2]:
            rule = f'ip {which} {node.addresses.pods} counter accept comment "podnet"'
            run("nft", "add", "rule", *IPTABLES, rule)
        return "pods pass iptables' FORWARD"

    def dropped(self, node: Node, _: Routing) -> Iterator[str]:
        """The rules of others that drop packets of pods."""
        for what, key in self.dropping:
            yield (
                f"the {what} of nftables chain {' '.join(key)} drops packets of pods; "
                f"accept {node.addresses.pods} there"
            )

    def _read(self) -> dict[Key, str]:
        """Read the chains; returns the hooks of those that have one."""
        self.chains, hooks, last = {}, {}, {}
        for item in json.loads(run("nft", "-j", "-t", "list", "ruleset"))["nftables"]:
            for kind, one in item.items():
                if kind not in ("chain", "rule") or one["table"] == "podnet":
                    continue
                key = one["family"], one["table"], one.get("chain", one.get("name"))
                rules = self.chains.setdefault(key, [])
                if kind == "rule":
                    rules.append((f"rule with handle {one['handle']}", one["expr"]))
                elif key[0] != "ip6" and "hook" in one:
                    hooks[key] = one["hook"]
                    last[key] = [{one.get("policy", "accept"): None}]
        for key, policy in last.items():
            self.chains[key].append(("policy", policy))
        return hooks

    def _walk(self, key: Key, flow: Flow) -> Verdict | None:
        """What drops the flow; an empty text if it passes for good, None if the chain ends."""
        for what, parts in self.chains.get(key, ()):
            count, verdict, target = _decide(parts, flow)
            if verdict in ("drop", "reject") and count >= SOME:
                return what, key
            if verdict == "accept" and count in (UNKNOWN, YES):
                return "", key
            end = self._walk((*key[:2], target), flow) if target and count >= SOME else None
            if end and (end[0] or count == YES):
                return end
            if verdict in ("return", "goto") and count == YES:
                break
        return None


def _decide(parts: list[dict[str, Any]], flow: Flow) -> tuple[int, str, str]:
    """How many packets of a flow a rule is for, its verdict, and the chain it leads to."""
    count, verdict, target = YES, "", ""
    for part in parts:
        for kind, value in part.items():
            name = value["name"].lower() if kind == "xt" else kind
            if name == "match":
                count = min(count, _match(value, flow))
            elif name in ("conntrack", "state"):
                # nft does not list the states; such rules rarely concern the first packet.
                count = NO
            elif name not in HARMLESS:
                count = min(count, UNKNOWN)
            elif name not in ("comment", "counter", "log"):
                verdict, target = name, (value or {}).get("target", "")
    return count, verdict, target


def _match(match: dict[str, Any], flow: Flow) -> int:
    ((kind, left),) = match["left"].items()
    if kind == "payload" and left.get("protocol") != "ip":
        # Of one protocol: it never accepts all packets, and to drop those is meant.
        return NO
    fact = flow.get(left.get("field") or left.get("key", "")) if isinstance(left, dict) else None
    if not fact:
        return UNKNOWN
    right = match["right"]
    values = right["set"] if isinstance(right, dict) and "set" in right else right
    count = max(_count(each, fact) for each in (values if isinstance(values, list) else [values]))
    return YES - count if match["op"] == "!=" and count in (NO, YES) else count


def _count(value: Any, fact: str | IPv4Network) -> int:  # noqa: ANN401  # from JSON
    if isinstance(fact, str):
        return YES if fnmatch(fact, str(value)) else NO
    if isinstance(value, dict):
        value = "{addr}/{len}".format(**value["prefix"]) if "prefix" in value else "@"
    if value[0] == "@":
        return UNKNOWN
    network = IPv4Network(value)
    if fact.subnet_of(network):
        return YES
    return SOME if fact.overlaps(network) else NO


def generation() -> bytes:
    """The number of the ruleset, which any change of it raises, by NFT_MSG_GETGEN."""
    request = bytes([20, 0, 0, 0, 16, 10, 1, 0, *[0] * 12])
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
        netlink.send(request)
        return netlink.recv(4096)[24:28]


FILTERS: Any = Filters()
try:
    # Nodes of a cluster get it with the files that they fetch.
    import cluster_filters
except ModuleNotFoundError:
    pass
else:
    FILTERS = cluster_filters.ClusterFilters()
