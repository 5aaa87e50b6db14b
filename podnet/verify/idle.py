"""Rules of the nodes' security group that serve no pair under the settings, before a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import chain

from podnet.plan import firewall
from podnet.plan.nodes import Node, planned_nodes, planned_zones
from podnet.plan.problem import Remark
from podnet.plan.settings import Settings
from podnet.plan.unmanaged_rules import FoundRule
from podnet.verify import planned
from podnet.verify.rules import uses_in
from podnet.world.model import SecurityRule

SAMPLE = 2
"""Nodes in each zone, whatever the settings say. All nodes of a zone have the same rules and routes
but for their addresses, so a rule serves a node where it serves the first one, if it names that one
in its place; and with fewer, a rule between nodes would have no pair."""


def remark(settings: Settings, unmanaged: Sequence[FoundRule]) -> Remark | None:
    """For rules that are wider than the routing needs; None where there are none."""
    words = {key: f"{key} ({rule.description})" for key, rule in _own(settings).items()}
    words |= {rule.id: rule.words() for rule in unmanaged}
    named = [words[key] for key in idle(settings, unmanaged)]
    if not named:
        return None
    return Remark(
        rule="rules-serve-nobody",
        text="firewall rules of the nodes' group that serve no pair of pods, nodes and the "
        f"internet in {settings.node_routing.variant.name}: {'; '.join(named)}. They are wider "
        "than it needs, or part of another rule: leave out the setting that asks for one of "
        "podnet's own, and delete another where nobody needs it (`podnet verify --rules` counts "
        "the pairs of each)",
    )


def idle(settings: Settings, unmanaged: Sequence[FoundRule]) -> tuple[str, ...]:
    """The rules that serve nobody: keys of the plan's own, and ids of the `unmanaged` ones.

    A rule for hosts that are no nodes of the stack is none of these: nobody proves their packets.
    Nor is any where another CNI carries the pods: nobody knows which packets it sends.
    """
    if settings.preset:
        return ()
    sample = replace(settings, node_count=(SAMPLE,) * settings.zones)
    nodes, ends = planned.nodes(sample), tuple(_ends(settings, sample)) if unmanaged else ()
    made = planned.world(sample)
    (group,) = made.security_groups
    added = chain.from_iterable(_rules(rule, ends) for rule in unmanaged)
    made = replace(made, security_groups=(replace(group, rules=(*group.rules, *added)),))
    serving = {use.rule.id for use in uses_in(made, made.vpcs[0], nodes) if use.pairs}
    peers = {key: rule.peer or planned.GROUP for key, rule in _own(settings).items()}
    peers |= {rule.id: _peer(rule) for rule in unmanaged}
    return tuple(
        key
        for key, peer in peers.items()
        if key not in serving and not _is_for_others(settings, peer)
    )


def _own(settings: Settings) -> dict[str, firewall.Rule]:
    return firewall.ingress(settings) | firewall.egress()


def _peer(rule: FoundRule) -> IPv4Network | str:
    """The nodes' group, a range of IPv4, or something that no node and no pod is in."""
    if rule.peer == rule.group:
        return planned.GROUP
    try:
        return IPv4Network(rule.peer)
    except ValueError:
        return rule.peer


def _is_for_others(settings: Settings, peer: IPv4Network | str) -> bool:
    """Whether a rule names more than pods, nodes and addresses that are nobody's."""
    if isinstance(peer, str):
        return peer != planned.GROUP
    own = (settings.pod_cidr, *(zone.nodes for zone in planned_zones(settings)))
    return not any(peer.subnet_of(each) for each in own)


def _ends(settings: Settings, sample: Settings) -> Iterator[tuple[IPv4Network, IPv4Network]]:
    """The range of each node and of its pods, each with that of the first node of its zone."""
    first: dict[int, Node] = {}
    for node in planned_nodes(sample):
        first.setdefault(node.zone.index, node)
    for node in planned_nodes(settings):
        sampled = first[node.zone.index]
        yield IPv4Network(node.address), IPv4Network(sampled.address)
        yield node.block, sampled.block


def _rules(
    found: FoundRule, ends: Iterable[tuple[IPv4Network, IPv4Network]]
) -> Iterator[SecurityRule]:
    """The rule as one for each end of the sample, of those that stand for what it names."""
    named = _peer(found)
    peers: Iterable[IPv4Network | str] = (named,)
    if isinstance(named, IPv4Network):
        peers = dict.fromkeys(sampled for end, sampled in ends if end.overlaps(named))
    for peer in peers:
        yield SecurityRule(
            id=found.id,
            egress=found.is_egress,
            protocol=found.protocol,
            from_port=found.from_port,
            to_port=found.to_port,
            peer=peer,
        )
