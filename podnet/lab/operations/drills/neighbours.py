"""The drill of neighbours: what pods reach in their VPC in each mode, and across a switch."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from podnet.cli.app import show
from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.drill import Losses, Traffic
from podnet.lab.drill.hosts import Hosts, Place
from podnet.lab.drill.reach import Reach, reach
from podnet.lab.engines.report import PROGRAM, Summary
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations import switching
from podnet.lab.operations.deployment import up
from podnet.lab.operations.verification import (
    NEW_MAC_SECONDS,
    Verification,
    require_green,
    verify,
)
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import RoutingMode
from podnet.probe import Endpoint
from podnet.system.waiting import wait_until

VARIANTS = {
    "vpc-routes": {"podnet:routing": "vpc-routes"},
    "host-gw": {"podnet:routing": "host-gw"},
    "overlay": {"podnet:routing": "overlay", "podnet:crossZoneOnly": "false"},
    "hybrid": {"podnet:routing": "overlay", "podnet:crossZoneOnly": "true"},
    "l2": {"podnet:routing": "l2"},
}
"""The settings of each routing that carries pods in a VPC."""
HUB = "vpc-routes"
"""Every switch leads from it, or back to it: alone it has routes in the VPC."""
AFTER_SECONDS = 3.0
"""How long flows go on after a switch: three times as long as an answer is waited for."""
MOST_SECONDS = 240.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """Who reaches whom in one mode: the pods a host of one place, and it them."""

    mode: str
    place: Place
    named: bool
    """Whether the preview names the host."""
    pods: int
    """How many took part, as are the next two."""
    answered: int
    """Pods that the host answers by every protocol."""
    reached: int
    """Pods that answer the host."""
    host_sees: tuple[str, ...]
    """`node` or `pod` where it is the address of the one that asks, else the address."""
    pods_see: tuple[str, ...]
    """`host`, or another address."""

    @property
    def passed(self) -> bool:
        """Whether it is as docs/modes.md promises."""
        if self.place is Place.NODE_RANGE:
            return self.named
        answered = not self.named and self.answered == self.pods > 0 and self.host_sees == ("node",)
        if self.mode != HUB or self.place is not Place.SUBNET:
            return answered
        return answered and self.reached == self.pods and self.pods_see == ("host",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """What a switch did to running flows between pods and a host of one place."""

    before: str
    after: str
    place: Place
    to_pods: bool
    """Whether the host opened them."""
    losses: Losses

    @property
    def passed(self) -> bool:
        """Whether they went on, where that is promised: all that pods opened to neighbours."""
        if self.to_pods or self.place is Place.NODE_RANGE:
            return True
        return self.losses.none and self.losses.sent > 0

    @property
    def opener(self) -> str:
        """Who opened the flows."""
        return "the host" if self.to_pods else "pods"

    @property
    def datagrams(self) -> str:
        """What became of datagrams and their answers, as a cell of a table."""
        if not self.losses.pairs:
            return "not reached before"
        lost = f"{self.losses.lost} of {self.losses.sent} lost"
        return lost if self.losses.lost else "went on"

    @property
    def connections(self) -> str:
        """What became of connections, as a cell of a table."""
        if not self.losses.pairs:
            return "not reached before"
        return ", ".join(sorted({pair.broken or "went on" for pair in self.losses.pairs}))


def chosen(stack: LabStack, names: Collection[str]) -> dict[str, Mapping[str, str]]:
    """The settings of the variants of these names, or of all that this stack can be in.

    Raises `UserError` where it cannot be in one of the names, or has no mode to begin with.
    """
    found: dict[str, Mapping[str, str]] = {}
    for name, given in VARIANTS.items():
        settings = switching.overrides_for(RoutingMode(given["podnet:routing"]), given)
        try:
            stack.settings(settings)
        except UserError:
            if name in names or name == HUB:
                raise
            show(f"stack {stack.name} cannot be in {name}, which is left out")
            continue
        if not names or name in (HUB, *names):
            found[name] = settings
    return found


def neighbour_drill(
    stack: LabStack, variants: Mapping[str, Mapping[str, str]]
) -> Iterator[Reached | Crossing]:
    """Measure each of these variants, and the switches to it and back; end as the stack was."""
    vpc = stack.engine().outputs()["vpcId"]
    with Hosts(stack.home, stack.ec2, vpc, stack.settings()) as hosts:
        drill = _Drill(stack, hosts)
        try:
            drill.begin(variants[HUB])
            yield from drill.reached(HUB)
            for name, settings in variants.items():
                if name != HUB:
                    yield from drill.crossed(HUB, name, settings)
                    yield from drill.reached(name)
                    yield from drill.crossed(name, HUB, variants[HUB])
        finally:
            drill.end()


class _Drill:
    """A stack whose VPC has the hosts, as the last deployment left it."""

    def __init__(self, stack: LabStack, hosts: Hosts) -> None:
        self._stack, self._hosts = stack, hosts
        self._verification: Verification | None = None
        self._flat = stack.settings().routing is RoutingMode.L2
        """Whether pods were started in `l2`, where others are on their link."""
        self._reached: dict[str, list[Reached]] = {}
        """The last row of each place, by mode."""
        self._warnings = ""

    def begin(self, settings: Mapping[str, str]) -> None:
        """Deploy these settings, see that all pairs work, and read what the preview says."""
        self._switched(settings, self._up(settings), "before the drill")
        with step("preview, and the first packets to the hosts"):
            self._warnings = self._read_warnings()
            # Nodes may still send to the MAC that a host of an earlier drill had.
            wait_until(lambda: all(each.passed for each in self._ask(HUB)), NEW_MAC_SECONDS)

    def end(self) -> None:
        """Deploy the stack's own settings."""
        self._switched({}, up(self._stack, log=False), "after the drill")

    def reached(self, mode: str) -> list[Reached]:
        """What pods reach now, in this mode."""
        with step(f"{mode}: hosts of the VPC") as note:
            rows = self._reached[mode] = self._ask(mode)
            count = sum(each.answered == each.pods for each in rows)
            note(f"{count} of {len(Place)} answer all of {rows[0].pods} pods")
        return rows

    def _ask(self, mode: str) -> list[Reached]:
        pods = [pod_endpoint(pod) for pod in self._verified().pods]
        hosts = [self._hosts[place] for place in Place]
        found = reach([*product(pods, hosts), *product(hosts, pods)])
        return [self._summary(mode, place, found) for place in Place]

    def _summary(self, mode: str, place: Place, asked: Sequence[Reach]) -> Reached:
        host = self._hosts[place]
        there = [each for each in asked if each.target == host]
        back = [each for each in asked if each.source == host]
        nodes = {node.name: str(node.address) for node in self._verified().nodes}
        return Reached(
            mode=mode,
            place=place,
            named=str(host.address) in self._warnings,
            pods=len(there),
            answered=sum(each.answered for each in there),
            reached=sum(each.answered for each in back),
            host_sees=_words(there, lambda pod: {str(pod.address): "pod", nodes[pod.node]: "node"}),
            pods_see=_words(back, lambda asker: {str(asker.address): "host"}),
        )

    def crossed(self, before: str, after: str, settings: Mapping[str, str]) -> Iterator[Crossing]:
        """What becomes of flows that run while the stack is switched."""
        ends = [pod_endpoint(pod) for pod in self._verified().pods]
        pods = list({pod.node: pod for pod in ends}.values())
        pairs = {
            (place, to_pods): [
                (host, pod) if to_pods else (pod, host)
                for pod in pods
                if (found.reached if to_pods else found.answered) == found.pods
            ]
            for found in self._reached[before]
            for place, host in ((found.place, self._hosts[found.place]),)
            for to_pods in (False, True)
        }
        asked = [pair for some in pairs.values() for pair in some]
        with step(f"switch from {before} to {after} under traffic") as note:
            every = [*pods, *(self._hosts[place] for place in Place)]
            with Traffic(every, MOST_SECONDS, asked) as traffic:
                summary = self._up(settings)
                time.sleep(AFTER_SECONDS)
                losses = traffic.stop()
            note(f"{losses.lost} of {losses.sent} answers lost, {len(losses.broken)} broken")
        self._switched(settings, summary, f"after the switch to {after}")
        measured = iter(losses.pairs)
        for (place, to_pods), some in pairs.items():
            own = Losses(pairs=tuple(islice(measured, len(some))), seconds=losses.seconds)
            if some or not to_pods:
                yield Crossing(before=before, after=after, place=place, to_pods=to_pods, losses=own)

    def _up(self, settings: Mapping[str, str]) -> Summary:
        groups = [*self._stack.settings().extra_security_groups, self._hosts.nodes_group]
        once = {
            **settings,
            "podnet:extraSecurityGroups": json.dumps(groups),
            "podnet:unmasqueradedCidrs": "[]",
        }
        return up(self._stack, once, log=False)

    def _switched(self, settings: Mapping[str, str], summary: Summary, when: str) -> None:
        flat = self._stack.settings(settings).routing is RoutingMode.L2
        replace = flat != self._flat
        self._flat = flat
        self._verification = require_green(verify(self._stack, summary, replace_pods=replace), when)

    def _verified(self) -> Verification:
        assert self._verification is not None  # noqa: S101  # for the types: `deploy` comes first
        return self._verification

    def _read_warnings(self) -> str:
        warnings = _Lines(logging.WARNING)
        PROGRAM.addHandler(warnings)
        try:
            self._stack.engine().preview()
        finally:
            PROGRAM.removeHandler(warnings)
        return "\n".join(warnings.lines)


class _Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, least: int) -> None:
        super().__init__(least)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _words(
    asked: Sequence[Reach], known: Callable[[Endpoint], Mapping[str, str]]
) -> tuple[str, ...]:
    """Each address that was seen, once, as a word where there is one."""
    found = {
        known(each.source).get(seen, seen) for each in asked for seen in each.seen.values() if seen
    }
    return tuple(sorted(found))
