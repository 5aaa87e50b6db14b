"""Switching the routing of a live cluster: what to set for it, and the walk over every switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lab.cli import deploy, kept
from lab.cli.console import step
from lab.cli.proof import Proof, Target
from lab.drill import Losses, Traffic
from lab.errors import LabError
from lab.probe import Endpoint, Matrix
from plan.routing import Routing, RoutingMode, Uplink
from plan.switch import wraps

LIVE = (RoutingMode.VPC_ROUTES, RoutingMode.HOST_GW, RoutingMode.OVERLAY)
"""The modes between which pods live on."""
ONLY_OF = {
    "podnet:crossZoneOnly": (RoutingMode.OVERLAY, "false"),
    "podnet:uplink": (RoutingMode.L2, str(Uplink.VXLAN)),
}
"""Settings of one mode alone, and what they are in all others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One switch of a walk, and what it cost."""

    before: str
    after: str
    losses: Losses
    matrix: Matrix
    """After the switch."""
    replaced: list[str]
    """Nodes that are not, or have not been up, as long as before."""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, every pair works and every node is the one it was."""
        return self.losses.none and not self.matrix.failed and not self.replaced


def chosen(mode: RoutingMode, given: Mapping[str, str]) -> dict[str, str]:
    """What to set for this mode; what belongs to another mode alone is set back."""
    return {
        "podnet:routing": str(mode),
        **{key: default for key, (only, default) in ONLY_OF.items() if mode is not only},
        **given,
    }


def parsed(tag: str) -> Routing:
    """The routing of a tag; one that cannot be read is what nodes begin with."""
    try:
        return Routing.parse(tag)
    except ValueError:
        return Routing()


def needs_new_pods(before: Sequence[Routing], after: Routing) -> bool:
    """Whether pods that were made before have an on-link range that does not fit any more."""
    flat = after.mode is RoutingMode.L2
    return any((routing.mode is RoutingMode.L2) != flat for routing in before)


def makes_devices_anew(before: Sequence[Routing], after: Routing) -> bool:
    """Whether nodes send in VXLAN, before or after, and their devices must be made anew."""
    return any(
        (routing.vni, routing.port) != (after.vni, after.port) and (wraps(routing) or wraps(after))
        for routing in before
    )


def route(modes: Sequence[str], first: str) -> list[str]:
    """A walk from `first` back to it which takes every ordered pair of these modes once.

    Hierholzer's: every mode is entered as often as it is left, so a dead end is the way home.
    """
    left = {mode: [other for other in modes if other != mode] for mode in modes}
    stack, walked = [first], []
    while stack:
        if ways := left[stack[-1]]:
            stack.append(ways.pop())
        else:
            walked.append(stack.pop())
    return walked[::-1]


def walk(target: Target) -> Iterator[Leg]:
    """Take every switch between modes that pods live through, and end where it began.

    Nothing is kept for the next `up`. Raises `LabError` where the stack is in none of the modes.
    """
    settings = kept.settings(target.home, target.stack)
    if settings.routing not in LIVE or settings.cross_zone_only:
        raise LabError(
            f"the drill goes between {', '.join(LIVE)}, and stack {target.stack} is in "
            f"{settings.node_routing.tag().partition(' ')[0]}; `podnet switch` to one of them first"
        )
    modes = [mode for mode in LIVE if mode is not RoutingMode.HOST_GW or settings.zones == 1]
    if changes := target.preview().changes:
        raise LabError(
            f"stack {target.stack} is not as its settings want it: {len(changes)} changes are due, "
            "and a drill changes nothing but the routing; `podnet up` first, or keep a setting "
            f"of one run by `podnet switch {settings.routing} -c KEY=VALUE`"
        )
    proof = target.prove(target.up(tell=False))
    for before, after in pairwise(route(modes, settings.routing)):
        proof, leg = take(target, proof, before, after)
        yield leg


def take(target: Target, proof: Proof, before: str, after: str) -> tuple[Proof, Leg]:
    """One switch under traffic between all pods."""
    old = _boots(proof)
    with step(f"switch from {before} to {after} under traffic") as note:
        with Traffic([Endpoint.of_pod(pod) for pod in proof.pods]) as traffic:
            summary = deploy.engine(
                target.home,
                target.stack,
                target.engine,
                target.endpoint,
                note=note,
                config={"podnet:routing": after},
            ).up()
            losses = traffic.stop()
        note(f"{losses.lost} of {losses.sent} datagrams lost, {len(losses.broken)} broken")
    proof = target.prove(summary)
    new = _boots(proof)
    changed = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
    leg = Leg(
        before=before,
        after=after,
        losses=losses,
        matrix=proof.matrix,
        replaced=sorted(changed),
    )
    return proof, leg


def _boots(proof: Proof) -> dict[str, tuple[str, str]]:
    """By node, which instance it is and which boot of that."""
    return {
        node.name: (
            node.instance_id,
            node.run("cat", "/proc/sys/kernel/random/boot_id").strip(),
        )
        for node in proof.nodes
    }
