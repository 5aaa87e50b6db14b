"""The drill of a faulty API: deploy, switch, roll and destroy a stack under each of its faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from podnet.cli.console import step
from podnet.errors import UserError
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.drill import Losses, Traffic
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations.deployment import up
from podnet.lab.operations.fault_injection import deployer_policy
from podnet.lab.operations.verification import Verification, require_green, verify
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.tags import STACK

TRIES = 3
"""Deployments under a fault, before it is ended to see whether one without it goes on."""
ROLLED = "node-2"
MOST_SECONDS = 3600.0
MISSING = {
    "deploy": "ec2:CreateRoute",
    "switch": "ec2:AuthorizeSecurityGroupIngress",
    "roll": "ec2:TerminateInstances",
    "destroy": "ec2:DeleteSubnet",
}
"""The permission that each operation lacks at first, where one is missing."""
PERMISSION = "permission"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One fault of the drill."""

    name: str
    faults: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The fault as the API is given it, or the permission that is missing."""
        return " ".join(self.faults) or self.name

    def settings(self, operation: str, attempt: int) -> Settings:
        """How the API treats this attempt, the first being 1, at the operation."""
        if self.name != PERMISSION:
            return Settings.of(self.faults, seed=attempt)
        # Whoever is refused adds what the refusal names, and deploys again.
        policy = deployer_policy()
        return Settings.of(
            policies=[_without(policy, MISSING[operation])] if attempt == 1 else [policy]
        )


CASES = (
    Case(name="none"),
    Case(name="stale", faults=("stale=5",)),
    Case(name="throttle", faults=("throttle=30%",)),
    Case(name="lost", faults=("lost=first",)),
    Case(name=PERMISSION),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One operation under one fault."""

    fault: str
    operation: str
    done: bool
    words: str
    """How it ended, and why attempts before the last one ended."""
    losses: Losses | None = None
    """Of the pods whose nodes stay; None for an operation without pods throughout."""

    @property
    def passed(self) -> bool:
        """Whether it was done and no packet was lost."""
        return self.done and (self.losses is None or self.losses.none)


@dataclass
class Run:
    """A stack under one fault, from nothing to nothing."""

    stack: LabStack
    case: Case
    verification: Verification | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def outcomes_of_all(self) -> Iterator[Outcome]:
        """Every operation in turn; those after one that was not done are not tried."""
        for name, work in (
            ("deploy", self._deploy),
            ("switch", self._switch),
            ("roll", self._roll),
            ("destroy", self._destroy),
        ):
            outcome = self._under_traffic(name, work)
            yield outcome
            if not outcome.done and name != "destroy":
                break
        control.change(self.stack.endpoint, Settings())

    def _under_traffic(self, name: str, work: Callable[[], None]) -> Outcome:
        with step(f"{self.case.name}: {name}") as note:
            pods = self.verification.pods if self.verification else []
            staying = [pod for pod in pods if name != "roll" or pod.node.name != ROLLED]
            if not staying or name == "destroy":
                done, words = self._attempts(name, work)
                losses = None
            else:
                endpoints = [pod_endpoint(pod) for pod in staying]
                with Traffic(endpoints, MOST_SECONDS) as traffic:
                    done, words = self._attempts(name, work)
                    losses = traffic.stop()
            outcome = Outcome(
                fault=self.case.title, operation=name, done=done, words=words, losses=losses
            )
            note(words)
        return outcome

    def _attempts(self, name: str, work: Callable[[], None]) -> tuple[bool, str]:
        """Try under the fault, then once without it; whether it was done, and in words."""
        reasons: list[str] = []
        for attempt in range(1, TRIES + 2):
            is_kind = attempt > TRIES
            treatment = Settings() if is_kind else self.case.settings(name, attempt)
            control.change(self.stack.endpoint, treatment)
            try:
                work()
            except UserError as error:
                reasons.append(str(error).splitlines()[0])
                continue
            finally:
                control.change(self.stack.endpoint, Settings())
            left = _left(self.stack, made=name != "destroy")
            return not left, _words(attempt, reasons, left, is_kind=is_kind)
        return False, f"not done: {reasons[-1]}"

    def _deploy(self) -> None:
        self._verified(None)

    def _switch(self) -> None:
        self._verified({"podnet:routing": "overlay"})

    def _roll(self) -> None:
        kept = {"podnet:routing": "overlay", "podnet:instanceType": "t3.medium"}
        self._verified({**kept, "podnet:roll": json.dumps([ROLLED])})

    def _verified(self, once: Mapping[str, str] | None) -> None:
        summary = up(self.stack, once, log=False)
        control.change(self.stack.endpoint, Settings())
        self.verification = require_green(verify(self.stack, summary), "after the operation")

    def _destroy(self) -> None:
        self.stack.engine().destroy()


def _words(attempt: int, reasons: list[str], left: str, *, is_kind: bool) -> str:
    ended = "done" if attempt == 1 else f"done at attempt {attempt}"
    if is_kind:
        ended = "done once the fault had ended"
    because = f" ({'; then '.join(dict.fromkeys(reasons))})" if reasons else ""
    return f"{ended}{because}{f'; {left}' if left else ''}"


def _without(policy: Mapping[str, Any], action: str) -> dict[str, Any]:
    left = deepcopy(dict(policy))
    for statement in left["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    return left


def _left(stack: LabStack, *, made: bool) -> str:
    """What a stack has one of, and there is more or still some; nothing if all is well."""
    mine = [{"Name": f"tag:{STACK}", "Values": [stack.identity]}]
    counts = {
        "VPCs": len(stack.ec2.describe_vpcs(Filters=mine)["Vpcs"]),
        "internet gateways": len(
            stack.ec2.describe_internet_gateways(Filters=mine)["InternetGateways"]
        ),
    }
    wrong = {what: count for what, count in counts.items() if count != int(made)}
    return ", ".join(f"{count} {what} of the stack" for what, count in wrong.items())
