"""What commands that prove on paper ask of the lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from podnet.account import quotas as account_quotas
from podnet.cli.bundle.write import Wanted, Written
from podnet.errors import UserError
from podnet.lab.clients import client
from podnet.lab.commands.options import deployed_stack, existing_home
from podnet.lab.nodes.pods import Pod
from podnet.lab.stack import paper, stacks
from podnet.lab.stack.expected import expected_nodes, probe
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.quotas.quota import Quota
from podnet.probe import Matrix, Result
from podnet.probe.matrix import PAIR_CHECKS, Check
from podnet.system.progress import Progress
from podnet.verify.subject import Subject
from podnet.verify.walk import End, Kind


def of_stack(name: str | None) -> LabPaper:
    """A stack of the lab, by name, or the current one."""
    return LabPaper(deployed_stack(name))


def bundle(name: str | None, wanted: Wanted, note: Progress) -> Written:
    """Write an archive for a bug report of a stack, whether or not the cloud still runs."""
    from podnet.lab.operations.bundle.write import write  # noqa: PLC0415  # loads slowly

    home = existing_home()
    return write(home, stacks.require_deployed(home, name), wanted, note)


@dataclass(frozen=True, slots=True)
class LabPaper:
    """One stack of the lab, on paper and with packets."""

    stack: LabStack

    def subject(self) -> Subject:
        """The stack as the lab's API describes it."""
        return paper.subject(self.stack)

    def pods(self) -> Mapping[str, IPv4Address]:
        """The addresses of the pods that run, by name."""
        return {pod.label or pod.name: pod.address for pod in self._pods()}

    def send(self, source: End, target: End) -> Sequence[Result]:
        """What the probe sees between two ends, both ways: TCP, UDP and the largest packets."""
        ends = [end for end in (source, target) if end.kind is not Kind.INTERNET]
        nodes = [
            node
            for node in self.stack.nodes()
            if any(end.kind is Kind.NODE and end.name == node.name for end in ends)
        ]
        pods = [pod for pod in self._pods() if any(_is(pod, end) for end in ends)]
        for end in ends:
            if not any(_is(pod, end) for pod in pods) and end.name not in {n.name for n in nodes}:
                raise UserError(
                    f"{end.name} sends no packets here: it is no node or pod that runs; leave out "
                    "--packets, or start a pod there",
                    rule="end-not-running",
                )
        matrix = self.stack.pods().probe(nodes, pods)
        asked = (Check.INTERNET,) if target.kind is Kind.INTERNET else PAIR_CHECKS
        found = [result for result in matrix.results if result.check in asked]
        if not found:
            raise UserError(
                f"the probe has no question from {source.name} to {target.name}: they share an "
                "address, or have none that is public; leave out --packets",
                rule="nothing-to-send",
            )
        return found

    def matrix(self) -> Matrix:
        """What the probe sees of packets between all pairs."""
        wanted, nodes, running = expected_nodes(self.stack), self.stack.nodes(), self.stack.pods()
        return probe(self.stack, running, wanted, nodes, running.running(nodes))

    def limits(self, quotas: Sequence[Quota]) -> Mapping[Quota, int]:
        """The quotas of the lab's account."""
        service = client("service-quotas", self.stack.endpoint, self.stack.region)
        return account_quotas.read(service, quotas)

    def _pods(self) -> Sequence[Pod]:
        return self.stack.pods().running(self.stack.nodes())


def _is(pod: Pod, end: End) -> bool:
    return end.kind is Kind.PODS and pod.address in end.network
