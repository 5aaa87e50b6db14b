"""Security groups as nftables chains: stateful, closed by default, judged at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from lab.fabric.text import Chain
from lab.model import Eni, SecurityGroup, SecurityRule

EVERY_PROTOCOL = "-1"
ANY = (None, -1)
PORTS = ("tcp", "udp")


def chains(enis: list[Eni], groups: list[SecurityGroup], uplink: str | None) -> Iterator[Chain]:
    """The forward chain of a VPC and one chain a group and direction.

    A packet's sender is told by its source MAC, which its port has vouched for; its receiver by
    the destination MAC when it is bridged, and by the next hop when the VPC router forwards it.
    """
    for group in groups:
        yield Chain(f"in-{group.id}", tuple(_rules(group, enis, egress=False)))
        yield Chain(f"out-{group.id}", tuple(_rules(group, enis, egress=True)))
    for eni in enis:
        for way in ("in", "out"):
            yield Chain(f"{way}-{eni.id}", tuple(f"jump {way}-{item}" for item in eni.group_ids))
    yield Chain(
        "ingress",
        (
            *([f'oifname "{uplink}" accept'] if uplink else ()),
            *(f"ether daddr {eni.mac} goto in-{eni.id}" for eni in enis),
            *(f"rt ip nexthop {eni.address} goto in-{eni.id}" for eni in enis),
            "drop",
        ),
    )
    yield Chain(
        "forward",
        (
            # Not `related`: AWS lets in an ICMP error only where a rule allows it.
            "ct state established accept",
            *([f'iifname "{uplink}" goto ingress'] if uplink else ()),
            *(f"ether saddr {eni.mac} goto out-{eni.id}" for eni in enis),
        ),
        "type filter hook forward priority filter; policy drop;",
    )


def _rules(group: SecurityGroup, enis: list[Eni], *, egress: bool) -> Iterator[str]:
    for rule in group.rules:
        if rule.egress != egress:
            continue
        field = "daddr" if egress else "saddr"
        # What may leave its sender must still be let in by its receiver.
        verdict = "goto ingress" if egress else "accept"
        for peer in _peers(rule, enis):
            yield f"ip {field} {peer} {_what(rule)}{verdict}"


def _peers(rule: SecurityRule, enis: list[Eni]) -> list[object]:
    """A group stands for its interfaces' private addresses, so for no pod behind them."""
    if isinstance(rule.peer, IPv4Network):
        return [rule.peer]
    return [eni.address for eni in enis if rule.peer in eni.group_ids]


def _what(rule: SecurityRule) -> str:
    protocol, first, last = rule.protocol, rule.from_port, rule.to_port
    if protocol == EVERY_PROTOCOL:
        return ""
    if protocol in PORTS and first not in ANY:
        return f"{protocol} dport {first}-{first if last in ANY else last} "
    if protocol == "icmp" and first not in ANY:
        code = "" if last in ANY else f"icmp code {last} "
        return f"icmp type {first} {code}"
    return f"ip protocol {protocol} "
