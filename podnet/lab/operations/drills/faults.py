"""The drill of faults: each is done to a running node, and is healed or named, or neither."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.drill import Losses, Traffic
from podnet.lab.drill.condition import Condition, condition
from podnet.lab.drill.faults import Fault
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.nodes.endpoints import node_endpoint, pod_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.operations.deployment import up
from podnet.lab.operations.verification import Verification, require_green, verify
from podnet.lab.stack.lab_stack import LabStack
from podnet.probe import Matrix
from podnet.system.progress import Progress
from podnet.system.waiting import wait_until

ON = "node-1"
NAMED_SECONDS = 6.0
"""Three polls: what is named for so long is not mended."""
WHOLE_SECONDS = 30.0
PAUSE_SECONDS = 0.2
MOST_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultOutcome:
    """What became of one fault."""

    fault: str
    healed: bool
    seconds: float
    """Until it was named, or until the end of the matrix that found it healed."""
    named: str
    """How the agent names it; empty where it was healed without a word or not at all."""
    whole: bool
    """Whether the node was as before, and every pair worked, in the end."""
    losses: Losses

    @property
    def passed(self) -> bool:
        """Whether the node says so or has mended it, and works in the end."""
        return self.whole and (self.healed or bool(self.named))

    @property
    def words(self) -> str:
        """The outcome as a cell of a table."""
        left = "" if self.whole else "; the node is not as before"
        if self.healed:
            return f"healed after {self.seconds:.1f} s{left}"
        if self.named:
            return f"named after {self.seconds:.1f} s: {self.named}{left}"
        return f"neither healed nor named in {self.seconds:.0f} s{left}"


def traffic_of(verification: Verification, seconds: float) -> Traffic:
    """Traffic between all pods and nodes, to be used in a `with` statement; `seconds` at most."""
    pods, nodes = verification.pods, verification.nodes
    return Traffic([*map(pod_endpoint, pods), *map(node_endpoint, nodes)], seconds)


def fault_drill(stack: LabStack, faults: Sequence[Fault]) -> Iterator[FaultOutcome]:
    """Do each fault to one node of a stack under traffic between all pods and nodes."""
    verification = require_green(verify(stack, up(stack, log=False)), "before the drill")
    if not any(node.name == ON for node in verification.nodes):
        raise UserError(f"stack {stack.name} has no {ON}", rule="drill-node-missing")
    for fault in faults:
        with step(fault.name) as note:
            outcome = _Drill(stack, verification, fault, note).run()
            note(f"{outcome.words}, {outcome.losses.lost} of {outcome.losses.sent} packets lost")
        yield outcome


@dataclass
class _Drill:
    """One fault of one node."""

    stack: LabStack
    verification: Verification
    fault: Fault
    note: Progress

    @property
    def node(self) -> Node:
        return next(node for node in self.verification.nodes if node.name == ON)

    def run(self) -> FaultOutcome:
        before = condition(self.node)
        with traffic_of(self.verification, MOST_SECONDS) as traffic:
            began = time.time()
            repairs = self._repairs()
            self._do(self.fault.damage)
            healed, seconds, named = self._watch(before, began, repairs)
            losses = traffic.stop()
        if self.fault.undo:
            self._do(self.fault.undo)
        whole = self._is_whole_soon(before)
        return FaultOutcome(
            fault=self.fault.name,
            healed=healed,
            seconds=seconds,
            named=named,
            whole=whole,
            losses=losses,
        )

    def _do(self, script: str) -> None:
        self.node.run("sh", "-ec", f". /etc/podnet/node.env\n{script}")

    def _watch(self, before: Condition, began: float, repairs: int) -> tuple[bool, float, str]:
        """Whether it was healed, after how long, and how it was named."""
        # A fault that changed nothing would else count as healed.
        seen, named, when = False, "", 0.0
        while (moment := time.time()) < began + self.fault.seconds:
            found = self._problems()
            if found and not named:
                named, when = found, moment
            # What the agent names at one poll it may mend at the next.
            if found and moment - when > NAMED_SECONDS:
                return False, when - began, found
            if found or condition(self.node) != before or not self._is_green():
                seen = True
            elif seen or self._repairs() != repairs:
                return True, time.time() - began, ""
            time.sleep(PAUSE_SECONDS)
        return False, (when or time.time()) - began, self._problems()

    def _is_green(self) -> bool:
        return not self._matrix().failed

    def _matrix(self) -> Matrix:
        return self.stack.pods().probe(self.verification.nodes, self.verification.pods)

    def _is_whole_soon(self, before: Condition) -> bool:
        return wait_until(
            lambda: condition(self.node) == before and not self._problems() and self._is_green(),
            WHOLE_SECONDS,
        )

    def _problems(self) -> str:
        state = agent_state(self.node)
        return "; ".join(state.problems) if state else "the agent has no state"

    def _repairs(self) -> int:
        state = agent_state(self.node)
        return state.repairs if state else 0
