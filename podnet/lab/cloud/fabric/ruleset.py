"""The nftables of a VPC: ports, security groups, services and the internet gateway."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.lab.cloud.fabric import ports, security
from podnet.lab.cloud.fabric.nft import Chain, Table
from podnet.lab.cloud.fabric.ports import METADATA
from podnet.world.model import Eni, Vpc, World


def tables(world: World, vpc: Vpc, uplink: str | None) -> tuple[Table, ...]:
    """All rules of a VPC's namespace."""
    enis = [eni for eni in world.enis if eni.vpc_id == vpc.id]
    groups = [group for group in world.security_groups if group.vpc_id == vpc.id]
    subnets = [subnet for subnet in world.subnets if subnet.vpc_id == vpc.id]
    return (
        Table(
            "netdev",
            tuple(
                chain
                for subnet in subnets
                for chain in ports.chains(
                    subnet, vpc, [eni for eni in enis if eni.subnet_id == subnet.id]
                )
            ),
        ),
        Table(
            "inet",
            (*security.chains(enis, groups, uplink), *_services(vpc), *_gateway(uplink, enis)),
        ),
    )


def switched(world: World, vpc: Vpc, uplink: str | None) -> tuple[Table, ...]:
    """The same where subnets are plain switches: services and the gateway, and no filters."""
    enis = [eni for eni in world.enis if eni.vpc_id == vpc.id]
    chains = (Chain("ingress", ("accept",)), *_services(vpc), *_gateway(uplink, enis))
    return (Table("inet", chains),)


def _services(vpc: Vpc) -> Iterator[Chain]:
    """The router's own traffic: the services AWS offers in a VPC and nothing else.

    Security groups do not filter these on AWS either.
    """
    yield Chain(
        "input",
        (
            "iifname lo accept",
            "ct state established accept",
            "udp sport 68 udp dport 67 accept",
            f"ip daddr {vpc.resolver} tcp dport 53 accept",
            f"ip daddr {vpc.resolver} udp dport 53 accept",
            f"ip daddr {METADATA} tcp dport 80 accept",
        ),
        "type filter hook input priority filter; policy drop;",
    )
    yield Chain(
        "output",
        (
            "oifname lo accept",
            "ct state established accept",
            "udp sport 67 udp dport 68 accept",
            # The one error a VPC reports; a security group must still let it in.
            "icmp type destination-unreachable icmp code frag-needed goto ingress",
        ),
        "type filter hook output priority filter; policy drop;",
    )


def _gateway(uplink: str | None, enis: list[Eni]) -> Iterator[Chain]:
    """One-to-one translation between private and public addresses."""
    if not uplink:
        return
    pairs = [(eni.address, eni.public_address) for eni in enis if eni.public_address]
    arriving, leaving = f'iifname "{uplink}"', f'oifname "{uplink}"'
    yield Chain(
        "arrive",
        (
            *(f"{arriving} ip daddr {public} accept" for _, public in pairs),
            f"{arriving} drop",
        ),
        "type filter hook prerouting priority raw; policy accept;",
    )
    yield Chain(
        "leave",
        (
            *(f"{leaving} ip saddr {private} accept" for private, _ in pairs),
            f"{leaving} drop",
        ),
        "type filter hook forward priority filter - 1; policy accept;",
    )
    if not pairs:
        return
    yield Chain(
        "to-private",
        tuple(f"{arriving} ip daddr {public} dnat ip to {private}" for private, public in pairs),
        "type nat hook prerouting priority dstnat; policy accept;",
    )
    yield Chain(
        "to-public",
        tuple(f"{leaving} ip saddr {private} snat ip to {public}" for private, public in pairs),
        "type nat hook postrouting priority srcnat; policy accept;",
    )
