"""The nodes of a VPC, and how much each loses on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from podnet.verify.node import Node
from podnet.verify.proof import Proof
from podnet.world.model import World


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node, and what is wrong with it."""

    node: Node
    state: str
    """Of its instance, as EC2 names it."""
    lost: int
    """The flows from it, from its pods and to them that are lost on paper."""
    is_worst: bool
    """Whether it does not run, or loses more than half of what the node with most losses does."""

    @property
    def is_well(self) -> bool:
        """Whether it runs and loses nothing."""
        return self.state == "running" and not self.lost

    @property
    def style(self) -> str:
        """How it is drawn."""
        if self.is_well:
            return "node"
        return "node failing" if self.is_worst else "node partly"

    @property
    def verdict(self) -> str:
        """What is wrong, in words."""
        if self.state != "running":
            return f"✗ {self.state}"
        if self.lost:
            return f"✗ {self.lost:,} flow{'s' if self.lost > 1 else ''} lost"
        return "✓ proved"


def states(world: World, nodes: Sequence[Node], proof: Proof) -> list[NodeState]:
    """All nodes in the order in which they are given."""
    known = {instance.id: instance.state for instance in world.instances}
    lost = _lost(proof)
    most = max(lost.values(), default=0)
    found = []
    for node in nodes:
        state = known.get(node.eni.instance_id or "", "without an instance")
        here = lost[node.eni.id]
        found.append(NodeState(node, state, here, state != "running" or 2 * here > most))
    return found


def _lost(proof: Proof) -> Counter[str]:
    """The flows that are lost from and to each interface."""
    lost: Counter[str] = Counter()
    for verdict in proof.failed:
        protocols = len(verdict.protocols)
        for one, other in (
            (verdict.source, verdict.target),
            (verdict.target, verdict.source),
        ):
            here = Counter(end.eni.id for end in other.members if end.eni)
            for end in one.members:
                if end.eni:
                    lost[end.eni.id] += protocols * (len(other.members) - here[end.eni.id])
    return lost
