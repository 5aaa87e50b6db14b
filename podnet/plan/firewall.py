"""The security-group rules of the nodes, computed from the settings; none is per node."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import product

from podnet.plan.cni import PRESETS, Cni, Preset
from podnet.plan.kubernetes import API_SERVER, NODE_PORTS
from podnet.plan.routing import Variant
from podnet.plan.settings import Settings

ANYWHERE = IPv4Network("0.0.0.0/0")
EVERY_PROTOCOL = "-1"
"""As EC2 writes it."""
SSH = 22
GRE = "47"
"""By its number, as EC2 writes each protocol but TCP, UDP and ICMP (EC2 API Reference,
`IpPermission`)."""
ICMP_UNREACHABLE = 3
ICMP_FRAGMENTATION_NEEDED = 4
POD_TRAFFIC = ("pods", "vxlan-*", "gre", *(f"{cni}-*" for cni in list(Cni)[1:]))
"""Patterns of the keys of `pod_traffic_rules` under any settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: a peer range, or the group itself where `peer` is None."""

    description: str
    protocol: str = EVERY_PROTOCOL
    from_port: int | None = None
    """First port, or the ICMP type."""
    to_port: int | None = None
    """Last port, or the ICMP code."""
    peer: IPv4Network | None = None


def ingress(settings: Settings) -> dict[str, Rule]:
    """Rules for incoming packets, keyed by purpose."""
    rules = {
        "nodes": Rule(description="All traffic between the nodes"),
        **pod_traffic_rules(settings, settings.node_routing.variant),
        "path-mtu": Rule(
            description="Fragmentation needed, for path MTU discovery",
            protocol="icmp",
            from_port=ICMP_UNREACHABLE,
            to_port=ICMP_FRAGMENTATION_NEEDED,
            peer=ANYWHERE,
        ),
    }
    for cidr in settings.ssh_cidrs:
        rules[f"ssh-{_key(cidr)}"] = _open(f"SSH from {cidr}", "tcp", (SSH, SSH), cidr)
    return rules | (_cluster(settings) if settings.has_cluster else {})


def _cluster(settings: Settings) -> dict[str, Rule]:
    """Rules for packets to a cluster from outside; its other traffic is between nodes.

    A group cannot distinguish a packet to a pod from one to its node, so what nodes and pods may
    not ask of each other (the kubelet, etcd) is closed by the nodes themselves.
    """
    api = (API_SERVER, API_SERVER)
    rules = {
        f"api-server-{_key(cidr)}": _open(f"API server from {cidr}", "tcp", api, cidr)
        for cidr in settings.api_cidrs
    }
    for cidr, protocol in product(settings.node_port_cidrs, ("tcp", "udp")):
        rules[f"node-ports-{protocol}-{_key(cidr)}"] = _open(
            f"NodePorts by {protocol.upper()} from {cidr}", protocol, NODE_PORTS, cidr
        )
    return rules


def _key(cidr: IPv4Network) -> str:
    return str(cidr).replace("/", "-")


def _open(description: str, protocol: str, ports: tuple[int, int], peer: IPv4Network) -> Rule:
    first, last = ports
    return Rule(
        description=description, protocol=protocol, from_port=first, to_port=last, peer=peer
    )


def pod_traffic_rules(settings: Settings, variant: Variant) -> dict[str, Rule]:
    """Rules that let packets of pods pass from node to node in this variant of routing."""
    if variant.routing.cni:
        return _of_preset(settings, PRESETS[Cni(variant.routing.cni)])
    rules = {}
    if variant.native:
        # A group reference matches the addresses of network interfaces; pods have addresses
        # of their own, so they need a rule by range (VPC User Guide, security group rules).
        rules["pods"] = Rule(description="All traffic from pods", peer=settings.pod_cidr)
    if variant.vxlan:
        port = settings.vxlan_port
        # The port is part of the name: another port is another rule, so that a change of it
        # opens the new one before the old one is closed.
        rules[f"vxlan-{port}"] = Rule(
            description="VXLAN between the nodes", protocol="udp", from_port=port, to_port=port
        )
    if variant.gre:
        rules["gre"] = Rule(description="GRE between the nodes", protocol=GRE)
    return rules


def _of_preset(settings: Settings, preset: Preset) -> dict[str, Rule]:
    """What another CNI sends: packets of pods as they are, and what it says itself."""
    # In whatever a CNI wraps packets between pods, those from a pod to another node go as they are
    # where the CNI does not masquerade them.
    rules = {"pods": Rule(description="All traffic from pods", peer=settings.pod_cidr)}
    for opening in preset.openings:
        if settings.zones > 1 or not opening.across_zones:
            ports = "" if opening.first is None else f"-{opening.first}"
            rules[f"{preset.cni}-{opening.protocol}{ports}"] = Rule(
                description=f"{opening.what} between the nodes",
                protocol=opening.protocol,
                from_port=opening.first,
                to_port=opening.last,
            )
    return rules


def egress() -> dict[str, Rule]:
    """Rules for outgoing packets, keyed by purpose."""
    return {"all": Rule(description="All traffic out", peer=ANYWHERE)}
