"""Security groups as nftables chains: stateful, closed by default, checked at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from podnet.lab.cloud.fabric.nft import Chain
from podnet.world.model import Eni, SecurityGroup, SecurityRule

EVERY_PROTOCOL = "-1"
ANY = (None, -1)
PORTS = ("tcp", "udp")


def chains(enis: list[Eni], groups: list[SecurityGroup], uplink: str | None) -> Iterator[Chain]:
    """The forward chain of a VPC and one chain a group and direction.

    The source MAC identifies a packet's sender, which its port has verified; the destination MAC
    identifies the receiver when it is bridged, the next hop when the VPC router forwards it.
    """
    for group in groups:
        yield Chain(f"in-{group.id}", tuple(_rules(group, enis, egress=False)))
        yield Chain(f"out-{group.id}", tuple(_rules(group, enis, egress=True)))
    for eni in enis:
        for direction in ("in", "out"):
            yield Chain(
                f"{direction}-{eni.id}", tuple(f"jump {direction}-{item}" for item in eni.group_ids)
            )
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
            yield f"ip {field} {peer} {_match(rule)}{verdict}"


def _peers(rule: SecurityRule, enis: list[Eni]) -> list[object]:
    """A group stands for its interfaces' private addresses, so for no pod behind them."""
    if isinstance(rule.peer, IPv4Network):
        return [rule.peer]
    return [eni.address for eni in enis if rule.peer in eni.group_ids]


def _match(rule: SecurityRule) -> str:
    protocol, first, last = rule.protocol, rule.from_port, rule.to_port
    if protocol == EVERY_PROTOCOL:
        return ""
    if protocol in PORTS and first not in ANY:
        return f"{protocol} dport {first}-{first if last in ANY else last} "
    if protocol == "icmp" and first not in ANY:
        code = "" if last in ANY else f"icmp code {last} "
        return f"icmp type {first} {code}"
    return f"ip protocol {protocol} "
