"""Security groups as nftables chains: stateful, closed by default, judged at both ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from lab.fabric.text import chain, mapping, values
from lab.model import Eni, SecurityGroup, SecurityRule

EVERY_PROTOCOL = "-1"
ANY = (None, -1)
PORTS = ("tcp", "udp")


def chains(enis: list[Eni], groups: list[SecurityGroup], uplink: str | None) -> Iterator[str]:
    """The forward chain of a VPC and one chain a group and direction.

    A packet's sender is told by its source MAC, which its port has vouched for; its receiver by
    the destination MAC when it is bridged, and by the next hop when the VPC router forwards it.
    """
    for group in groups:
        yield from chain(f"in-{group.id}", *_rules(group, enis, egress=False))
        yield from chain(f"out-{group.id}", *_rules(group, enis, egress=True))
    for eni in enis:
        for way in ("in", "out"):
            yield from chain(f"{way}-{eni.id}", *(f"jump {way}-{item}" for item in eni.group_ids))
    macs, addresses = [(eni.mac, eni) for eni in enis], [(eni.address, eni) for eni in enis]
    yield from chain(
        "ingress",
        *([f'oifname "{uplink}" accept'] if uplink else ()),
        f"ether daddr vmap {_entries(macs, 'in')}",
        f"rt ip nexthop vmap {_entries(addresses, 'in')}",
        "drop",
    )
    yield from chain(
        "forward",
        "type filter hook forward priority filter; policy drop;",
        # Not `related`: AWS lets in an ICMP error only where a rule allows it.
        "ct state established accept",
        *([f'iifname "{uplink}" goto ingress'] if uplink else ()),
        f"ether saddr vmap {_entries(macs, 'out')}",
    )


def _entries(keys: Iterable[tuple[object, Eni]], way: str) -> str:
    return mapping((key, f"goto {way}-{eni.id}") for key, eni in keys)


def _rules(group: SecurityGroup, enis: list[Eni], *, egress: bool) -> Iterator[str]:
    for rule in group.rules:
        if rule.egress != egress:
            continue
        peers = _peers(rule, enis)
        if peers:
            field = "daddr" if egress else "saddr"
            # What may leave its sender must still be let in by its receiver.
            verdict = "goto ingress" if egress else "accept"
            yield f"ip {field} {values(peers)} {_what(rule)}{verdict}"


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
