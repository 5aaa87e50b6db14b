"""Renders what the rules of security groups are for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from podnet.cli.render import table
from podnet.plan.firewall import EVERY_PROTOCOL
from podnet.verify.rules import RuleUse
from podnet.world.model import SecurityRule


class RulesTable:
    """Renders each rule with the pairs that it serves, and those that serve none by name."""

    def __init__(self, uses: Sequence[RuleUse]) -> None:
        self.uses = uses

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, and a line on the rules that nobody needs."""
        del console, options
        found = table("rule", "direction", "protocol", "ports", "peer", numbers=("pairs",))
        for use in self.uses:
            rule = use.rule
            others = " and others" if use.is_for_others else ""
            found.add_row(
                rule.id,
                "out" if rule.egress else "in",
                "all" if rule.protocol == EVERY_PROTOCOL else rule.protocol,
                _ports(rule),
                str(rule.peer),
                Text(f"{use.pairs}{others}", "yellow" if use.is_idle else ""),
            )
        yield found
        idle = ", ".join(use.rule.id for use in self.uses if use.is_idle)
        if idle:
            yield Text(f"wider than the routing needs: no pair is served by {idle}", "yellow")
        else:
            yield Text("every rule serves pairs, or others than pods and nodes", "green")


def _ports(rule: SecurityRule) -> str:
    first, last = rule.from_port, rule.to_port
    if first is None or first == -1:
        return "all"
    return str(first) if last in (None, first) else f"{first}-{last}"
