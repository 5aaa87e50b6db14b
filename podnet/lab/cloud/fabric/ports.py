"""nftables of an interface's port: what it may send, what reaches it, and replies to its ARP.

Each port has its own chains, so that adding or removing a port leaves those of others hooked.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from podnet.lab.cloud.fabric import names
from podnet.lab.cloud.fabric.nft import Chain
from podnet.world.model import Eni, Subnet, Vpc

METADATA = IPv4Address("169.254.169.254")
DISCOVERY = (
    "ether daddr ff:ff:ff:ff:ff:ff ip saddr 0.0.0.0 ip daddr 255.255.255.255 "
    "udp sport 68 udp dport 67 accept"
)


def chains(subnet: Subnet, vpc: Vpc, enis: list[Eni]) -> Iterator[Chain]:
    """The chains of a subnet with these interfaces."""
    if not enis:
        return
    # Before the chains that jump to it: nft must know its name there.
    yield _owners(subnet, vpc, enis)
    for eni in enis:
        yield _arp_replies(subnet, eni)
        yield _from(eni)
        if eni.source_dest_check:
            yield _to(eni)


def _from(eni: Eni) -> Chain:
    port = names.port(eni.id)
    checked = [f"ip saddr != {eni.address} drop"] if eni.source_dest_check else []
    return Chain(
        f"from-{port}",
        (
            f"ether saddr != {eni.mac} drop",
            f"ether type arp goto arp-{port}",
            "ether type != ip drop",
            DISCOVERY,
            "ip daddr 224.0.0.0/4 drop",
            "ip daddr 255.255.255.255 drop",
            *checked,
        ),
        _hook("ingress", port),
        port,
    )


def _to(eni: Eni) -> Chain:
    port = names.port(eni.id)
    return Chain(
        f"to-{port}",
        (
            "ip daddr 255.255.255.255 udp sport 67 udp dport 68 accept",
            f"ether type ip ip daddr != {eni.address} drop",
        ),
        _hook("egress", port),
        port,
    )


def _hook(direction: str, port: str) -> str:
    return f'type filter hook {direction} device "{port}" priority filter; policy accept;'


def _arp_replies(subnet: Subnet, eni: Eni) -> Chain:
    """Turn a request into its reply; no request ever reaches another machine."""
    port, to_router = names.port(eni.id), f"ether daddr {names.router_mac(subnet.id)}"
    return Chain(
        f"arp-{port}",
        (
            # The router sends a request only when a learned neighbour replaced a permanent one, as
            # a DHCP server makes it; the reply must reach it.
            f"{to_router} arp operation reply arp saddr ip {eni.address} accept",
            "arp operation != request drop",
            f"arp daddr ip {eni.address} drop",
            f"jump owners-{names.bridge(subnet.id)}",
            f"ether daddr set {eni.mac}",
            f"arp daddr ether set {eni.mac}",
            f"arp daddr ip set {eni.address}",
            "arp operation set reply",
            f'fwd to "{port}"',
        ),
    )


def _owners(subnet: Subnet, vpc: Vpc, enis: list[Eni]) -> Chain:
    """Put the requested address, and its MAC, where a reply names its sender."""
    router = names.router_mac(subnet.id)
    mac_of = {subnet.router: router, METADATA: router}
    if vpc.resolver in subnet.cidr:
        mac_of[vpc.resolver] = router
    mac_of |= {eni.address: eni.mac for eni in enis}
    return Chain(
        f"owners-{names.bridge(subnet.id)}",
        (
            *(
                f"arp daddr ip {address} ether saddr set {mac} arp saddr ether set {mac} "
                f"arp saddr ip set {address} return"
                for address, mac in mac_of.items()
            ),
            "drop",
        ),
    )
