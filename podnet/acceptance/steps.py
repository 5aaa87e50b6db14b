"""What a run does between the first deployment and the last: settings, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from podnet.acceptance.names import TAG
from podnet.plan.routing import RoutingMode
from podnet.plan.tags import FILES, POD_ROUTES, ROUTING, SETTLED

WAY = (
    RoutingMode.VPC_ROUTES,
    RoutingMode.HOST_GW,
    RoutingMode.OVERLAY,
    RoutingMode.VPC_ROUTES,
    RoutingMode.OVERLAY,
    RoutingMode.HOST_GW,
    RoutingMode.VPC_ROUTES,
    RoutingMode.L2,
    RoutingMode.VPC_ROUTES,
)
"""Every ordered pair of the modes between which pods keep their network, and l2 and back. Left out
are flannel, which no running stack changes to, and l2 over Ethernet, which no VPC carries."""
NEWER = {"runcmd": [["true"]]}
"""User data that differs from that of the first deployment: a node is only replaced if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is deployed."""

    run: str
    region: str
    nodes: int
    instance_type: str
    image_id: str = ""
    way: Sequence[RoutingMode] = WAY
    """The modes in order, from the first deployment on."""
    rolled: Sequence[str] | None = None
    """The nodes that are replaced, one after the other; None for all."""

    def settings(self) -> dict[str, str]:
        """The settings of all steps; the values of lists and mappings as JSON text."""
        own = {"keys": [FILES, ROUTING, SETTLED, POD_ROUTES]}
        image = {"podnet:imageId": self.image_id} if self.image_id else {}
        return {
            "aws:region": self.region,
            "aws:ignoreTags": json.dumps(own),
            "podnet:nodeCount": str(self.nodes),
            "podnet:instanceType": self.instance_type,
            # For up to 21 nodes, and l2 takes 32, so that one value goes with every mode.
            "podnet:nodeRangePrefix": "27",
            "podnet:sessionManager": "true",
            "podnet:tags": json.dumps({TAG: self.run}),
            **image,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A deployment; after it all pairs are proved and sent packets."""

    name: str
    settings: Mapping[str, str]
    replaced: frozenset[str] = field(default_factory=frozenset)
    """The nodes that must be another instance afterwards; all others must be the one they were."""
    boots: bool = False
    """Whether nodes boot, so that they are waited for."""


def steps(wanted: Wanted) -> Iterator[Step]:
    """All deployments in order."""
    first, *rest = wanted.way
    settings = {**wanted.settings(), "podnet:routing": str(first)}
    yield Step(name=f"up in {first}", settings=settings, boots=True)
    before = first
    for mode in rest:
        settings = {**settings, "podnet:routing": str(mode)}
        yield Step(name=f"switch from {before} to {mode}", settings=settings)
        before = mode
    settings = {**settings, "podnet:extraUserData": json.dumps(NEWER)}
    for name in names(wanted.nodes) if wanted.rolled is None else wanted.rolled:
        rolled = {**settings, "podnet:roll": json.dumps([name])}
        yield Step(name=f"roll {name}", settings=rolled, replaced=frozenset({name}), boots=True)


def names(nodes: int) -> list[str]:
    """The nodes of one zone."""
    return [f"node-{number}" for number in range(1, nodes + 1)]
