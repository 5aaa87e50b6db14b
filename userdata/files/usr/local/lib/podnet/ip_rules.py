"""podnet's own policy rule."""

from typing import Any

from machine import Node, ip_json
from podnet.plan.node_network import ROUTE_PROTOCOL

TABLE = RULE_PRIORITY = ROUTE_PROTOCOL
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
    return commands
