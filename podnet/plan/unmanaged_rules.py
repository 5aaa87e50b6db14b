"""Rules in the nodes' security group that podnet did not create, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from podnet.plan.firewall import EVERY_PROTOCOL
from podnet.plan.problem import Remark
from podnet.plan.settings import FirewallRules, Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundRule:
    """A rule as the account has it."""

    id: str
    group: str
    """Id of the security group that it is in."""
    is_egress: bool
    protocol: str
    from_port: int | None
    """First port, or the ICMP type; None or -1 for any."""
    to_port: int | None
    """Last port, or the ICMP code; None or -1 for any."""
    peer: str
    """A range, or the id of a prefix list or a security group."""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Those that the provider shows."""

    @property
    def counts_for_ipv4(self) -> bool:
        """Whether it is one of the inbound rules that the quota for IPv4 counts.

        A rule for a group counts for both families (VPC User Guide, "Amazon VPC quotas").
        """
        return not self.is_egress and ":" not in self.peer

    def words(self) -> str:
        """What it opens to whom, and what is known of its owner."""
        direction = "to" if self.is_egress else "from"
        signs = [f"`{self.description}`"] if self.description else []
        signs += [f"{key}={value}" for key, value in sorted(self.tags.items())]
        owner = f" ({', '.join(signs)})" if signs else ""
        return f"{self.id}: {self._traffic()} {direction} {self.peer}{owner}"

    def _traffic(self) -> str:
        if self.protocol == EVERY_PROTOCOL:
            return "all traffic"
        if self.from_port in (None, -1):
            return f"all {self.protocol}"
        if self.protocol.startswith("icmp"):
            code = "" if self.to_port in (None, -1) else f" code {self.to_port}"
            return f"{self.protocol} type {self.from_port}{code}"
        if self.to_port == self.from_port:
            return f"{self.protocol} {self.from_port}"
        return f"{self.protocol} {self.from_port}-{self.to_port}"


def remarks(settings: Settings, found: Sequence[FoundRule]) -> Iterator[Remark]:
    """Which rules there are, and what becomes of them."""
    if not found:
        return
    groups = ", ".join(sorted({rule.group for rule in found}))
    listed = "; ".join(rule.words() for rule in found)
    if settings.firewall is FirewallRules.SHARED:
        yield Remark(
            rule="rules-unmanaged-left",
            text=f"rules of {groups} that podnet did not create, left alone: {listed}",
        )
    else:
        yield Remark(
            rule="rules-unmanaged-revoked",
            text=f"rules of {groups} that podnet did not create: {listed}. podnet revokes them "
            "when its own rules change, as in a switch, or once a refresh has seen them; set "
            "podnet:firewall to shared to leave them, or move them to a group of "
            "podnet:extraSecurityGroups",
            is_warning=True,
        )
