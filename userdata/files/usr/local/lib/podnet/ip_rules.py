"""The policy rules: podnet's own, and those that the kernel begins with."""

from typing import Any

from machine import Node, ip_json
from podnet.plan.node_network import ROUTE_PROTOCOL

TABLE = RULE_PRIORITY = ROUTE_PROTOCOL
KERNELS_RULES = {"main": 32766, "default": 32767}
"""Priorities of the rules that every network namespace begins with: ip-rule(8)."""

Rule = dict[str, Any]


def policy_rules() -> list[Rule]:
    """The policy rules of the kernel."""
    return ip_json("ip", "-4", "rule", "show")


def rule_commands(found: list[Rule], node: Node) -> list[str]:
    """How `ip` adds the rules that are missing."""
    # Pods' packets to other nodes have a table of their own, since those of the node itself, which
    # carry what is encapsulated, must go to the same addresses directly.
    plan = node.addresses
    own = {
        "priority": RULE_PRIORITY,
        "src": str(plan.pods[0]),
        "srclen": plan.pods.prefixlen,
        "table": str(TABLE),
    }
    commands = []
    if not any(own.items() <= each.items() for each in found):
        to_peers = f"from {plan.pods} lookup {TABLE}"
        commands.append(f"rule add priority {RULE_PRIORITY} {to_peers} protocol {ROUTE_PROTOCOL}")
    # `ip rule flush` takes the main table away, and with it every other route of the node.
    for_all = {each.get("table") for each in found if _is_for_all(each)}
    if "main" not in for_all:
        commands += [
            f"rule add priority {priority} lookup {table}"
            for table, priority in KERNELS_RULES.items()
            if table not in for_all
        ]
    return commands


def _is_for_all(rule: Rule) -> bool:
    return rule["src"] == "all" and rule.keys() <= {"priority", "src", "table", "protocol"}
