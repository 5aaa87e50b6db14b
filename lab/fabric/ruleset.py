"""The nftables text of a VPC: what a port may send and receive, services, and the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from ipaddress import IPv4Address

from lab.fabric import names, security
from lab.fabric.text import chain, mapping, table, values
from lab.model import Eni, Subnet, Vpc, World

TABLE = "fabric"
MARK = "plan-"
METADATA = IPv4Address("169.254.169.254")
BROADCAST = "ff:ff:ff:ff:ff:ff"


def render(world: World, vpc: Vpc, uplink: str | None) -> str:
    """One transaction that replaces all rules of a VPC's namespace."""
    enis = [eni for eni in world.enis if eni.vpc_id == vpc.id]
    groups = [group for group in world.security_groups if group.vpc_id == vpc.id]
    ports = [
        line
        for subnet in world.subnets
        if subnet.vpc_id == vpc.id
        for line in _subnet(subnet, vpc, [eni for eni in enis if eni.subnet_id == subnet.id])
    ]
    rules = (*security.chains(enis, groups, uplink), *_services(vpc), *_gateway(uplink, enis))
    return "\n".join(
        (
            *table("netdev", TABLE, ports),
            *_judging((*rules, *chain(_mark([*ports, *rules])))),
            "",
        )
    )


def render_switched(world: World, vpc: Vpc, uplink: str | None) -> str:
    """The same where subnets are plain switches: services and the gateway, and no judgement."""
    enis = [eni for eni in world.enis if eni.vpc_id == vpc.id]
    rules = (*chain("ingress", "accept"), *_services(vpc), *_gateway(uplink, enis))
    return "\n".join((*_judging((*rules, *chain(_mark(rules)))), ""))


def _judging(body: Iterable[str]) -> Iterator[str]:
    # A chain that is deleted judges a moment longer than it has rules, and by its policy drops
    # what passes in that moment; so chains stay, and only their rules are replaced.
    return table("inet", TABLE, body, word="flush")


def retire(ruleset: str, chains: Iterable[str]) -> str:
    """The transaction that also deletes those of the chains in the kernel that it makes no more."""
    made = set(re.findall(r"^chain (\S+) \{$", ruleset, re.MULTILINE))
    stale = sorted(set(chains) - made)
    return ruleset + "".join(f"delete chain inet {TABLE} {name}\n" for name in stale)


def mark(ruleset: str) -> str | None:
    """The name of the empty chain by which these rules are known again in the kernel."""
    found = re.search(rf"{MARK}[0-9a-f]+", ruleset)
    return found and found[0]


def _mark(lines: Iterable[str]) -> str:
    return MARK + sha256("\n".join(lines).encode()).hexdigest()[:16]


def _subnet(subnet: Subnet, vpc: Vpc, enis: list[Eni]) -> Iterator[str]:
    """What the ports of a subnet may send, what reaches them, and the answers to ARP."""
    if not enis:
        return
    bridge, devices = names.bridge(subnet.id), values(f'"{names.port(eni.id)}"' for eni in enis)
    macs = values(f'"{names.port(eni.id)}" . {eni.mac}' for eni in enis)
    own = values(f'"{names.port(eni.id)}" . {eni.address}' for eni in enis)
    checked = [f'"{names.port(eni.id)}"' for eni in enis if eni.source_dest_check]
    yield from chain(
        f"from-{bridge}",
        f"type filter hook ingress devices = {devices} priority filter; policy accept;",
        f"iifname . ether saddr != {macs} drop",
        f"ether type arp goto arp-{bridge}",
        "ether type != ip drop",
        f"ether daddr {BROADCAST} ip saddr 0.0.0.0 ip daddr 255.255.255.255 "
        "udp sport 68 udp dport 67 accept",
        "ip daddr { 224.0.0.0/4, 255.255.255.255 } drop",
        *([f"iifname {values(checked)} iifname . ip saddr != {own} drop"] if checked else ()),
    )
    yield from chain(
        f"to-{bridge}",
        f"type filter hook egress devices = {devices} priority filter; policy accept;",
        "ip daddr 255.255.255.255 udp sport 67 udp dport 68 accept",
        *(
            [f"oifname {values(checked)} ether type ip oifname . ip daddr != {own} drop"]
            if checked
            else ()
        ),
    )
    yield from _arp(subnet, vpc, enis)


def _arp(subnet: Subnet, vpc: Vpc, enis: list[Eni]) -> Iterator[str]:
    """Turn a request around into its answer; no request ever reaches another machine."""
    bridge, router = names.bridge(subnet.id), names.router_mac(subnet.id)
    mac_of = {subnet.router: router, METADATA: router}
    if vpc.resolver in subnet.cidr:
        mac_of[vpc.resolver] = router
    mac_of |= {eni.address: eni.mac for eni in enis}
    ports = [(f'"{names.port(eni.id)}"', eni) for eni in enis]
    own = values(f"{port} . {eni.address}" for port, eni in ports)
    owners = mapping(mac_of.items())
    sender = mapping((port, eni.mac) for port, eni in ports)
    yield from chain(
        f"arp-{bridge}",
        # The router asks only when something turned a permanent neighbour into a learned one,
        # as a DHCP server does; it must hear the answer.
        f"ether daddr {router} arp operation reply iifname . arp saddr ip {own} accept",
        "arp operation != request drop",
        f"arp daddr ip != {values(mac_of)} drop",
        f"iifname . arp daddr ip {own} drop",
        f"ether daddr set iifname map {sender}",
        f"arp daddr ether set iifname map {sender}",
        f"ether saddr set arp daddr ip map {owners}",
        f"arp saddr ether set arp daddr ip map {owners}",
        f"arp saddr ip set arp daddr ip map {mapping((item, item) for item in mac_of)}",
        f"arp daddr ip set iifname map {mapping((port, eni.address) for port, eni in ports)}",
        "arp operation set reply",
        f"fwd to iifname map {mapping((port, port) for port, _ in ports)}",
    )


def _services(vpc: Vpc) -> Iterator[str]:
    """The router's own traffic: the services AWS offers in a VPC and nothing else.

    Security groups do not filter these on AWS either.
    """
    yield from chain(
        "input",
        "type filter hook input priority filter; policy drop;",
        "iifname lo accept",
        "ct state established accept",
        "udp sport 68 udp dport 67 accept",
        f"ip daddr {vpc.resolver} meta l4proto {{ tcp, udp }} th dport 53 accept",
        f"ip daddr {METADATA} tcp dport 80 accept",
    )
    yield from chain(
        "output",
        "type filter hook output priority filter; policy drop;",
        "oifname lo accept",
        "ct state established accept",
        "udp sport 67 udp dport 68 accept",
        # The one error a VPC reports; a security group must still let it in.
        "icmp type destination-unreachable icmp code frag-needed goto ingress",
    )


def _gateway(uplink: str | None, enis: list[Eni]) -> Iterator[str]:
    """One-to-one translation between private and public addresses."""
    if not uplink:
        return
    pairs = [(eni.address, eni.public_address) for eni in enis if eni.public_address]
    public = f"ip daddr != {values(public for _, public in pairs)} " if pairs else ""
    yield from chain(
        "arrive",
        "type filter hook prerouting priority raw; policy accept;",
        f'iifname "{uplink}" {public}drop',
    )
    private = f"ip saddr != {values(private for private, _ in pairs)} " if pairs else ""
    yield from chain(
        "leave",
        "type filter hook forward priority filter - 1; policy accept;",
        f'oifname "{uplink}" {private}drop',
    )
    if not pairs:
        return
    inward = mapping((public, private) for private, public in pairs)
    yield from chain(
        "to-private",
        "type nat hook prerouting priority dstnat; policy accept;",
        f'iifname "{uplink}" dnat ip to ip daddr map {inward}',
    )
    yield from chain(
        "to-public",
        "type nat hook postrouting priority srcnat; policy accept;",
        f'oifname "{uplink}" snat ip to ip saddr map {mapping(pairs)}',
    )
