"""Switches of a live cluster's routing: the settings of one, and the drill over every one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.drill import Losses, Traffic
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations.deployment import preview, up
from podnet.lab.operations.verification import Verification, verify
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import Encapsulation, Routing, RoutingMode, Uplink
from podnet.probe import Matrix

LIVE = (RoutingMode.VPC_ROUTES, RoutingMode.HOST_GW, RoutingMode.OVERLAY)
"""The modes between which running pods keep their network."""
OF_ONE_MODE = {
    "podnet:crossZoneOnly": (RoutingMode.OVERLAY, "false"),
    "podnet:encapsulation": (RoutingMode.OVERLAY, str(Encapsulation.VXLAN)),
    "podnet:uplink": (RoutingMode.L2, str(Uplink.VXLAN)),
}
"""Settings of one mode alone, and their values in all others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """One switch of a drill, and what it cost."""

    before: str
    after: str
    losses: Losses
    matrix: Matrix
    """After the switch."""
    replaced: list[str]
    """Nodes that are another instance than before, or have booted since."""

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, every pair works and every node is the one it was."""
        return self.losses.none and not self.matrix.failed and not self.replaced


def overrides_for(mode: RoutingMode, given: Mapping[str, str]) -> dict[str, str]:
    """The settings for this mode, in which those of other modes return to their defaults."""
    return {
        "podnet:routing": str(mode),
        **{key: default for key, (only, default) in OF_ONE_MODE.items() if mode is not only},
        **given,
    }


def parse_or_default(tag: str) -> Routing:
    """The routing of a tag; where it cannot be read, the routing that nodes start with."""
    try:
        return Routing.parse(tag)
    except ValueError:
        return Routing()


def needs_new_pods(before: Sequence[Routing], after: Routing) -> bool:
    """Whether running pods have an on-link range that does not fit any more."""
    flat = after.mode is RoutingMode.L2
    return any((routing.mode is RoutingMode.L2) != flat for routing in before)


def replaces_devices(before: Sequence[Routing], after: Routing) -> bool:
    """Whether nodes encapsulate, before or after, and what they do it with must be replaced."""

    def replaced(one: Routing) -> bool:
        pair = one.variant, after.variant
        by_vxlan = (one.vni, one.port) != (after.vni, after.port) and any(v.vxlan for v in pair)
        return by_vxlan or (one.vni != after.vni and any(v.gre for v in pair))

    return any(map(replaced, before))


def tour(modes: Sequence[str], first: str) -> list[str]:
    """A way from `first` back to it that takes every ordered pair of at most three modes once."""
    others = [mode for mode in modes if mode != first]
    if len(others) <= 1:
        return [first, *others, *([first] if others else [])]
    return [first, *others, first, *reversed(others), first]


def drill(stack: LabStack) -> Iterator[Switch]:
    """Make every switch between modes that pods live through, and end where it began.

    Nothing is saved for the next `up`. Raises `UserError` where the stack is in none of the modes.
    """
    settings = stack.settings()
    if settings.routing not in LIVE or settings.cross_zone_only:
        raise UserError(
            f"the drill switches between {', '.join(LIVE)}, and stack {stack.name} is in "
            f"{settings.node_routing.variant.name}; `podnet switch` to one of them first",
            rule="drill-mode",
        )
    modes = [mode for mode in LIVE if mode is not RoutingMode.HOST_GW or settings.zones == 1]
    if changes := preview(stack).changes:
        raise UserError(
            f"stack {stack.name} differs from its settings: {len(changes)} changes are due, "
            "and a drill changes nothing but the routing; `podnet up` first",
            rule="drill-changes-due",
        )
    verification = verify(stack, up(stack, log=False))
    for before, after in pairwise(tour(modes, settings.routing)):
        verification, switch = switch_once(stack, verification, before, after)
        yield switch


def switch_once(
    stack: LabStack, verification: Verification, before: str, after: str
) -> tuple[Verification, Switch]:
    """One switch under traffic between all pods, and the verification after it."""
    old = _boots(verification)
    with step(f"switch from {before} to {after} under traffic") as note:
        with Traffic([pod_endpoint(pod) for pod in verification.pods]) as traffic:
            summary = stack.engine(note, {"podnet:routing": after}).up()
            losses = traffic.stop()
        note(f"{losses.lost} of {losses.sent} datagrams lost, {len(losses.broken)} broken")
    verification = verify(stack, summary)
    new = _boots(verification)
    switch = Switch(
        before=before,
        after=after,
        losses=losses,
        matrix=verification.matrix,
        replaced=sorted(name for name in old | new if old.get(name) != new.get(name)),
    )
    return verification, switch


def _boots(verification: Verification) -> dict[str, tuple[str, str]]:
    """The instance and its present boot, by node."""
    return {node.name: (node.instance_id, node.boot_id) for node in verification.nodes}
