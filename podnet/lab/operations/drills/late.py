"""The drill of nodes that follow a switch late, or not at all: nothing may be lost."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.drill import Losses
from podnet.lab.operations.deployment import up
from podnet.lab.operations.drills.faults import ON, FaultOutcome, traffic_of
from podnet.lab.operations.verification import Verification, require_green, verify
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import RoutingMode
from podnet.system.progress import Progress

SLOW = "a switch there and back while the metadata service takes 3 s an answer"
STOPPED = "a switch while the agent of a node is stopped"
NAMES = (SLOW, STOPPED)
PATIENCE = {"podnet:settleTimeout": "40"}
"""For a node that will never follow: it says what keeps it once that has stood for 15 s."""
MOST_SECONDS = 300.0
Resources = set[tuple[str, str]]


def late_drill(stack: LabStack, names: Sequence[str]) -> Iterator[FaultOutcome]:
    """Switch under traffic between all pods and nodes, and end in the mode of before."""
    if not names:
        return
    verification = require_green(verify(stack, up(stack, log=False)), "before the drill")
    for name in names:
        with step(name) as note:
            outcome = _Drill(stack, verification, name, note).run()
            note(f"{outcome.words}, {outcome.losses.lost} of {outcome.losses.sent} packets lost")
        yield outcome


@dataclass
class _Drill:
    """One switch, and what undoes it."""

    stack: LabStack
    verification: Verification
    name: str
    note: Progress

    def run(self) -> FaultOutcome:
        began = time.monotonic()
        if self.name == SLOW:
            with traffic_of(self.verification, MOST_SECONDS) as traffic, self._slow_metadata():
                self._switch()
                up(self.stack, log=False)
                seconds, losses = time.monotonic() - began, traffic.stop()
            return self._outcome(seconds, "", losses)
        before = self._resources()
        with traffic_of(self.verification, MOST_SECONDS) as traffic:
            self._agent("stop")
            named = self._refusal()
            seconds, kept = time.monotonic() - began, before <= self._resources()
            self._agent("start")
            up(self.stack, log=False)
            losses = traffic.stop()
        return self._outcome(seconds, named if kept else "", losses)

    def _outcome(self, seconds: float, named: str, losses: Losses) -> FaultOutcome:
        after = verify(self.stack, up(self.stack, log=False))
        return FaultOutcome(
            fault=self.name,
            healed=self.name == SLOW and losses.none,
            seconds=seconds,
            named=named if losses.none else "",
            whole=not after.matrix.failed,
            losses=losses,
        )

    def _switch(self, **more: str) -> None:
        here = self.stack.settings().routing
        other = RoutingMode.OVERLAY if here is not RoutingMode.OVERLAY else RoutingMode.VPC_ROUTES
        up(self.stack, {"podnet:routing": str(other), **more}, log=False)

    def _refusal(self) -> str:
        """How a switch names the node that does not follow; empty where it went through."""
        try:
            self._switch(**PATIENCE)
        except UserError as error:
            found = re.search(rf"  - ({ON} \(i-.*)", str(error))
            return found[1] if found else ""
        return ""

    def _agent(self, verb: str) -> None:
        node = next(node for node in self.verification.nodes if node.name == ON)
        node.run("systemctl", verb, "podnet-agent")

    @contextmanager
    def _slow_metadata(self) -> Iterator[None]:
        control.change(self.stack.endpoint, Settings.of(["metadata-slow=3"]))
        try:
            yield
        finally:
            control.change(self.stack.endpoint, Settings.of([]))

    def _resources(self) -> Resources:
        """The rules and the routes to nodes."""
        rules = self.stack.ec2.describe_security_group_rules()["SecurityGroupRules"]
        tables = self.stack.ec2.describe_route_tables()["RouteTables"]
        return {
            *(("rule", rule["SecurityGroupRuleId"]) for rule in rules),
            *(
                (table["RouteTableId"], route["DestinationCidrBlock"])
                for table in tables
                for route in table["Routes"]
                if "NetworkInterfaceId" in route
            ),
        }
