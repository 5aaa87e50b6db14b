"""What a proof is about: one stack in one VPC, and the nodes that must be in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from podnet.plan.names import number_at
from podnet.plan.nodes import by_number
from podnet.plan.tags import NETWORK, NODE, ROUTING, STACK
from podnet.verify import live
from podnet.verify.node import Node
from podnet.verify.proof import Proof, prove
from podnet.verify.vpc import Cloud
from podnet.world.model import Eni, Instance, Vpc, World

NEEDED = (NODE, NETWORK, ROUTING)
"""The tags without which an instance of the stack is no node that a proof can follow."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A stack as a world shows it."""

    world: World
    vpc: Vpc
    identity: str
    expected: tuple[str, ...]
    """Names of the nodes that must be there."""
    unmodelled: tuple[str, ...] = ()
    """What may treat any packet otherwise and the world cannot hold, each in words."""

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the stack in its VPC, as their tags give them."""
        odd = {instance_id for instance_id, _ in self.odd}
        found = (
            live.node(instance, eni) for instance, eni in self.instances() if instance.id not in odd
        )
        return tuple(sorted(found, key=lambda node: by_number(node.name)))

    @cached_property
    def cloud(self) -> Cloud:
        """The VPC."""
        return Cloud(self.world, self.vpc)

    def prove(self) -> Proof:
        """The proof of all pairs; an instance of the stack that no proof can follow fails it."""
        odd = [f"{instance_id} {what}" for instance_id, what in self.odd]
        return prove(self.cloud, self.nodes, self.expected, (*odd, *self.unmodelled))

    def instances(self) -> Iterator[tuple[Instance, Eni]]:
        """The instances of the stack, each once."""
        seen: set[str] = set()
        for instance, eni in self.world.attached(self.vpc.id):
            if instance.tags.get(STACK) == self.identity and instance.id not in seen:
                seen.add(instance.id)
                yield instance, eni

    @cached_property
    def odd(self) -> tuple[tuple[str, str], ...]:
        """The ids of the stack's instances that are no node that can be followed, and why."""
        found, first = [], dict[str, str]()
        for instance, eni in sorted(self.instances(), key=lambda pair: pair[0].id):
            what = _why_odd(instance, eni)
            if what is None:
                # A node is known by its name: of two, either could be meant.
                other = first.setdefault(name := instance.tags[NODE], instance.id)
                what = f"is {name}, as is {other}" if other != instance.id else None
            if what:
                found.append((instance.id, what))
        return tuple(found)


def _why_odd(instance: Instance, eni: Eni) -> str | None:
    tags = instance.tags
    lacking = [key for key in NEEDED if key not in tags]
    if lacking:
        return f"has the tag {STACK} and lacks {' and '.join(lacking)}"
    try:
        node = live.node(instance, eni)
        if not 0 <= node.plan.zone(eni.address) < node.routing.zones:
            return f"has tags that do not fit it: {eni.address} is in none of their zones"
        number_at(node.plan, eni.address)
        node.block  # noqa: B018  # raises where the rule gives none
    except ValueError as error:
        return f"has tags that do not fit it: {error}"
    return None
