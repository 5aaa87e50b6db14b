"""One run: every deployment with its proof and its matrix, and the end, which always comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from podnet.acceptance.commands import Podnet
from podnet.acceptance.deployment import Deployment
from podnet.acceptance.evidence import FAILED, INTERRUPTED, PASSED, Evidence
from podnet.acceptance.leftovers import POLICY, Account, find
from podnet.acceptance.names import region_of
from podnet.acceptance.steps import Step, Wanted, names, steps
from podnet.account.session import explained
from podnet.cli.app import show
from podnet.cli.console import step as shown
from podnet.errors import UserError
from podnet.plan.tags import NODE, STACK
from podnet.system.termination import terminable
from podnet.world.reader.calls import pages

LONGEST = 3600.0
"""Seconds that one command may take."""
READY = 1200.0
"""Seconds until nodes that boot must pass: they fetch packages, and Session Manager's agent."""
POLL = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Deploys, proves, probes, and destroys."""

    wanted: Wanted
    deployment: Deployment
    podnet: Podnet
    account: Account
    evidence: Evidence
    limit: float
    """When, by the monotonic clock, no more is begun but the end."""

    def go(self) -> bool:
        """Whether all of it passed and nothing is left; the evidence says more."""
        with terminable():
            try:
                for step in steps(self.wanted):
                    self._deploy(step)
            except UserError as error:
                self.evidence.fail(FAILED, str(error))
            except (KeyboardInterrupt, SystemExit):
                stopped = UserError(
                    "the run was interrupted by a signal, and destroys what it made; a second one "
                    "would leave that to the sweeper",
                    rule="acceptance-interrupted",
                )
                show(str(stopped))
                self.evidence.fail(INTERRUPTED, str(stopped))
            except BaseException as error:
                self.evidence.fail(FAILED, repr(error))
                raise
            finally:
                self._end()
        return self.evidence.result == PASSED

    def _deploy(self, step: Step) -> None:
        before = instances(self.account, self.deployment.identity)
        with self._step(step.name) as found:
            self.deployment.up(step.settings, self._seconds())
            after = instances(self.account, self.deployment.identity)
            found["instances"] = after
            check_instances(step, before, after, self.wanted.nodes)
        with self._step(f"proof after {step.name}") as found:
            proof = self.podnet.proof(self._seconds())
            found["proof"] = _short(proof)
            if not proof["holds"]:
                raise UserError(
                    f"after {step.name} the proof on paper fails; `podnet verify --live` says how",
                    rule="acceptance-proof-failed",
                )
        with self._step(f"matrix after {step.name}") as found:
            self._probe(step, found)

    def _probe(self, step: Step, found: dict[str, Any]) -> None:
        """Packets between all pairs; where nodes boot, until they pass or the time is over."""
        limit = time.monotonic() + READY if step.boots else 0.0
        found["attempts"] = 0
        while True:
            found["attempts"] += 1
            try:
                found["matrix"] = matrix = self.podnet.matrix(self._seconds())
            except UserError as error:
                if error.rule == "acceptance-deadline" or time.monotonic() > limit:
                    raise
            else:
                if not matrix["failed"] and not matrix["missing"]:
                    return
                if time.monotonic() > limit:
                    raise UserError(
                        f"after {step.name} {matrix['passed']} of {matrix['pairs']} pairs pass; "
                        "the evidence names the others",
                        rule="acceptance-matrix-failed",
                    )
            time.sleep(POLL)

    def _end(self) -> None:
        """Destroy, and look for what is left; neither is left out for what went wrong before."""
        try:
            with self._step("destroy"):
                self.deployment.destroy(LONGEST)
        except (UserError, OSError, KeyboardInterrupt, SystemExit) as error:
            why = str(error) if isinstance(error, Exception) else "interrupted by a signal"
            remains = UserError(
                f"the stack was not destroyed: {why}\nIt costs money until it is removed: "
                f"{sweep_command(self.wanted.run)}",
                rule="acceptance-not-destroyed",
            )
            self.evidence.fail(FAILED, str(remains))
        try:
            with self._step("look for what is left"):
                self._look()
        except (UserError, OSError, KeyboardInterrupt, SystemExit) as error:
            self.evidence.fail(FAILED, str(error) or "interrupted by a signal")
        if self.evidence.reason is None:
            self.evidence.result = PASSED
        self.evidence.end()

    def _look(self) -> None:
        left = find(self.account, self.wanted.run)
        self.evidence.left = [each.to_json() for each in left]
        if left:
            raise UserError(
                f"{len(left)} resources of the run are left, and may cost money; remove them: "
                f"{sweep_command(self.wanted.run)}",
                rule="acceptance-leftovers",
            )

    @contextmanager
    def _step(self, name: str) -> Iterator[dict[str, Any]]:
        with shown(name), self.evidence.step(name) as found:
            yield found

    def _seconds(self) -> float:
        """What a command may take now; raises `UserError` where the ceiling's time is over."""
        left = self.limit - time.monotonic()
        if left <= 0:
            raise UserError(
                "the time that the ceiling pays for is over, so the run ends here; give a higher "
                "--ceiling for the next",
                rule="acceptance-deadline",
            )
        return min(left, LONGEST)


def sweep_command(run: str) -> str:
    """What removes all that a run has left."""
    which = f"--region {region_of(run)} --run {run}"
    return f".venv/bin/python -m podnet.acceptance sweep {which} --delete"


def instances(account: Account, identity: str) -> dict[str, str]:
    """The instance of each node of a stack that runs or is about to; raises `UserError`."""
    filters = [
        {"Name": f"tag:{STACK}", "Values": [identity]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    with explained("ec2", POLICY):
        rows = [*pages(account.ec2, "describe_instances", "Reservations", Filters=filters)]
    found = [each for row in rows for each in row["Instances"]]
    tagged = [
        ({tag["Key"]: tag["Value"] for tag in each["Tags"]}, each["InstanceId"]) for each in found
    ]
    return {tags[NODE]: id_ for tags, id_ in tagged if NODE in tags}


def check_instances(
    step: Step, before: Mapping[str, str], after: Mapping[str, str], nodes: int
) -> None:
    """Raise `UserError` where a node is missing, or another one was replaced than was meant."""
    if missing := [name for name in names(nodes) if name not in after]:
        raise UserError(
            f"after {step.name} there is no instance of {', '.join(missing)}",
            rule="acceptance-node-missing",
        )
    other = {name for name, id_ in before.items() if after.get(name) != id_}
    if other != step.replaced:
        wanted = ", ".join(sorted(step.replaced)) or "no node"
        raise UserError(
            f"{step.name} has replaced {', '.join(sorted(other)) or 'no node'}, and was to replace "
            f"{wanted}",
            rule="acceptance-replaced",
        )


def _short(proof: Mapping[str, Any]) -> dict[str, Any]:
    """The proof without the paths of what arrives."""
    verdicts = proof["verdicts"]
    failed = [each for each in verdicts if each["promised"] and each["failure"]]
    return {**proof, "verdicts": len(verdicts), "failed": failed}
