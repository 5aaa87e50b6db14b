"""The policy rules that the kernel begins with, where another program removed them."""

from ip_rules import Rule, policy_rules
from machine import Node, ip_batch
from podnet.plan.routing import Routing

KERNELS_RULES = {"main": 32766, "default": 32767}
"""Priorities of the rules that every network namespace begins with: ip-rule(8)."""


def keep_main_table(_: Node, __: Routing) -> str:
    """Add what is missing: `ip rule flush` takes every route of the node away."""
    commands = rule_commands(policy_rules())
    ip_batch("ip", commands)
    return "; ".join(commands)


def rule_commands(found: list[Rule]) -> list[str]:
    """How `ip` adds the rules that are missing; none while the main table has one."""
    for_all = {each.get("table") for each in found if _is_for_all(each)}
    if "main" in for_all:
        return []
    return [
        f"rule add priority {priority} lookup {table}"
        for table, priority in KERNELS_RULES.items()
        if table not in for_all
    ]


def _is_for_all(rule: Rule) -> bool:
    return rule["src"] == "all" and rule.keys() <= {"priority", "src", "table", "protocol"}
