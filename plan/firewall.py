"""The security-group rules of the nodes, computed from the settings; none is per node."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from plan.routing import RoutingMode, Uplink
from plan.settings import Settings

ANYWHERE = IPv4Network("0.0.0.0/0")
SSH = 22
ICMP_UNREACHABLE = 3
ICMP_FRAGMENTATION_NEEDED = 4
CARRYING = ("pods", "vxlan-*")
"""What the keys of `carrying` look like, whatever the settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: a peer range, or the group itself where `peer` is None."""

    description: str
    protocol: str = "-1"
    from_port: int | None = None
    """First port, or the ICMP type."""
    to_port: int | None = None
    """Last port, or the ICMP code."""
    peer: IPv4Network | None = None


def ingress(settings: Settings) -> dict[str, Rule]:
    """What may come in, keyed by what each rule is for."""
    rules = {
        "nodes": Rule(description="All traffic between the nodes"),
        **carrying(settings),
        "path-mtu": Rule(
            description="Fragmentation needed, for path MTU discovery",
            protocol="icmp",
            from_port=ICMP_UNREACHABLE,
            to_port=ICMP_FRAGMENTATION_NEEDED,
            peer=ANYWHERE,
        ),
    }
    for cidr in settings.admin_cidrs:
        rules[f"ssh-{str(cidr).replace('/', '-')}"] = Rule(
            description=f"SSH from {cidr}", protocol="tcp", from_port=SSH, to_port=SSH, peer=cidr
        )
    return rules


def carrying(settings: Settings) -> dict[str, Rule]:
    """What lets packets of pods pass from node to node, as the routing mode sends them."""
    rules = {}
    wrapped = settings.routing in {RoutingMode.OVERLAY, RoutingMode.L2}
    ethernet = settings.routing is RoutingMode.L2 and settings.uplink is Uplink.ETHERNET
    if not wrapped or settings.cross_zone_only or ethernet:
        # A group reference matches the addresses of network interfaces; pods have addresses
        # of their own, so they need a rule by range (VPC User Guide, security group rules).
        rules["pods"] = Rule(description="All traffic from pods", peer=settings.pod_cidr)
    if wrapped and not ethernet:
        port = settings.vxlan_port
        # The port is part of the name: another port is another rule, so that a change of it
        # opens the new one before the old one is closed.
        rules[f"vxlan-{port}"] = Rule(
            description="VXLAN between the nodes", protocol="udp", from_port=port, to_port=port
        )
    return rules


def egress() -> dict[str, Rule]:
    """What may go out, keyed by what each rule is for."""
    return {"all": Rule(description="All traffic out", peer=ANYWHERE)}
