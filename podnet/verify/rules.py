"""What each rule of the nodes' security groups is for: how many pairs it serves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Network

from podnet.verify.classes import classes
from podnet.verify.node import Node
from podnet.verify.packet import Packet
from podnet.verify.proof import PROMISED, PROTOCOLS, SOURCES, count_pairs, pair_of
from podnet.verify.security_groups import SecurityGroups, covers
from podnet.verify.subject import Subject
from podnet.verify.vpc import Cloud
from podnet.verify.walk import Walk
from podnet.world.model import Eni, SecurityRule, Vpc, World


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleUse:
    """A rule of a group that nodes are in, and whom it serves."""

    group: str
    """The id of the group."""
    rule: SecurityRule
    pairs: int
    """How many ordered pairs of pods, nodes and the internet send packets that it lets pass."""
    is_for_others: bool
    """Whether it names addresses that are no pod's and no node's, whose packets nobody proves."""

    @property
    def is_idle(self) -> bool:
        """Whether it serves nobody: the routing of the nodes does not need it."""
        return self.pairs == 0 and not self.is_for_others

    def to_json(self) -> dict[str, object]:
        """The rule and its use as plain JSON values."""
        rule = self.rule
        return {
            "group": self.group,
            "rule": rule.id,
            "direction": "out" if rule.egress else "in",
            "protocol": rule.protocol,
            "ports": [rule.from_port, rule.to_port],
            "peer": str(rule.peer),
            "pairs": self.pairs,
            "others": self.is_for_others,
            "idle": self.is_idle,
        }


def uses(subject: Subject) -> tuple[RuleUse, ...]:
    """The rules of all groups that nodes are in, those of each group sorted by id.

    A rule serves a pair where it lets a packet of it pass. Of several, those that let all ports of
    the packet pass count alone: a port inside a rule for everything serves nobody.
    """
    return uses_in(subject.world, subject.vpc, subject.nodes)


def uses_in(world: World, vpc: Vpc, nodes: Sequence[Node]) -> tuple[RuleUse, ...]:
    """The same for these nodes in a VPC of a world."""
    served = _served(world, vpc, nodes)
    groups = {group for node in nodes for group in node.eni.group_ids}
    own = {*vpc.cidrs, *(node.plan.pods for node in nodes)}
    return tuple(
        RuleUse(
            group=group.id,
            rule=rule,
            pairs=served[group.id, rule.id],
            is_for_others=_is_for_others(rule, groups, own),
        )
        for group in world.security_groups
        if group.id in groups
        for rule in sorted(group.rules, key=lambda rule: (rule.egress, rule.id))
    )


def _is_for_others(
    rule: SecurityRule, groups: AbstractSet[str], own: AbstractSet[IPv4Network]
) -> bool:
    """Whether it names what is outside the pods and the VPC, or a group without a node."""
    if isinstance(rule.peer, IPv4Network):
        return not any(rule.peer.subnet_of(each) for each in own)
    return rule.peer not in groups


def _served(world: World, vpc: Vpc, nodes: Sequence[Node]) -> Counter[tuple[str, str]]:
    cloud, groups = Cloud(world, vpc), _Noting(world)
    cloud.groups = groups
    walk, found = Walk(cloud, nodes), classes(cloud, nodes)
    served: Counter[tuple[str, str]] = Counter()
    for source in (each for each in found if each.kind in SOURCES):
        for target in (each for each in found if each.kind in PROMISED):
            if (pair := pair_of(source, target)) is None:
                continue
            groups.noted.clear()
            for protocol in PROTOCOLS:
                walk.path(*pair, protocol)
            served.update(dict.fromkeys(groups.noted, count_pairs(source, target)))
    return served


class _Noting(SecurityGroups):
    """Security groups that note which of their rules let packets pass."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.noted: set[tuple[str, str]] = set()
        self._group_of = {
            id(rule): group.id for group in world.security_groups for rule in group.rules
        }

    def admit(self, eni: Eni, packet: Packet, *, egress: bool) -> bool:
        """Whether the groups let the packet pass; notes the rules that do."""
        rules = self.of_peer(eni, packet, egress=egress)
        whole = [rule for rule in rules if covers([rule], packet)]
        is_admitted = covers(rules, packet)
        if is_admitted:
            parts = [rule for rule in rules if rule.protocol == packet.protocol]
            self.noted |= {(self._group_of[id(rule)], rule.id) for rule in whole or parts}
        return is_admitted
