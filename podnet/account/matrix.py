"""The matrix of a stack's bare nodes: Run Command starts pods and agents, and removes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from podnet.account.run_command import Instances, document, ensure_document
from podnet.account.session import Client
from podnet.errors import UserError
from podnet.plan.nodes import by_number
from podnet.plan.tags import NODE
from podnet.probe import Matrix
from podnet.probe.distributed import Silence, Site, probe_site
from podnet.probe.endpoint import Container, Endpoint
from podnet.probe.on_node import CONTAINERS, labels
from podnet.probe.wire import Listening
from podnet.system.netns import NAMESPACES, OWN
from podnet.system.progress import Progress
from podnet.system.termination import terminable
from podnet.verify.subject import Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """An instance that is a node of the stack."""

    name: str
    instance_id: str
    state: str
    address: IPv4Address


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """How to probe, and whom to show what happens."""

    seconds: int
    """The time that a command may take on its node."""
    timeout: float
    """Seconds that a check may take."""
    note: Progress
    warn: Progress
    """Gets a text where a node keeps its pods."""


def probe_nodes(subject: Subject, ssm: Client, wanted: Probe) -> Matrix:
    """Packets between all pairs of a stack's nodes and of two pods on each; the verdict.

    A node that must be there and is not, or whose command fails, is a failed row. Raises
    `UserError`.
    """
    machines = _machines(subject)
    absent = {
        label: f"{name} has no instance"
        for name in subject.expected
        if name not in machines
        for label in labels(name)
    }
    running = {name: each for name, each in machines.items() if each.state == "running"}
    for name, each in machines.items():
        if name not in running:
            absent |= dict.fromkeys(labels(name), f"{name} is {each.state}")
    if not running:
        raise UserError(
            f"no node of stack {subject.identity} runs in {subject.vpc.id}, so there is nothing "
            "to probe; `podnet verify --live` shows what there is",
            rule="stack-without-running-nodes",
        )
    agents = Instances(
        ssm=ssm,
        document=ensure_document(ssm, document()),
        ids={name: each.instance_id for name, each in running.items()},
        seconds=wanted.seconds,
    )
    for name, reason in agents.away().items():
        absent |= dict.fromkeys(labels(name), reason)
        del running[name]
    return _probe(agents, running, absent, wanted)


def _probe(
    agents: Instances, machines: Mapping[str, Machine], absent: Mapping[str, str], wanted: Probe
) -> Matrix:
    with terminable():
        try:
            wanted.note(f"starting pods on {len(machines)} nodes")
            names = {str(each.address): name for name, each in machines.items()}
            answers = agents.run("start", machines, {"nodes": names}) if machines else {}
            wanted.note("packets")
            return probe_site(site(answers, absent), agents, wanted.timeout)
        finally:
            wanted.note("removing pods")
            _stop(agents, machines, wanted.warn)


def site(answers: Mapping[str, Any], absent: Mapping[str, str]) -> Site:
    """The endpoints by what each node said it listens at; those of a silent one are missing."""
    endpoints: dict[str, Endpoint] = {}
    places: dict[str, str] = {}
    missing = dict(absent)
    for node, answer in answers.items():
        if isinstance(answer, Silence):
            missing |= dict.fromkeys(labels(node), answer.reason)
            continue
        listening = {each.label: each for each in map(Listening.from_json, answer)}
        for label in labels(node):
            endpoints[label] = _endpoint(node, label, listening[label].address)
        places |= dict.fromkeys(listening, node)
    # Pods first, as the lab's matrix has them.
    ordered = sorted(endpoints, key=lambda label: endpoints[label].kind == "node")
    return Site(
        endpoints={label: endpoints[label] for label in ordered}, places=places, missing=missing
    )


def _endpoint(node: str, label: str, address: IPv4Address) -> Endpoint:
    if label == node:
        return Endpoint(kind="node", name=label, node=node, address=address, netns=OWN, mtu=0)
    netns = NAMESPACES / f"podnet-matrix-{label[-1]}"
    return Endpoint(
        kind="pod",
        name=label,
        node=node,
        address=address,
        netns=netns,
        mtu=0,
        containers=tuple(Container(name, netns) for name in CONTAINERS),
    )


def _stop(agents: Instances, places: Collection[str], warn: Progress) -> None:
    try:
        answers = agents.run("stop", places, []) if places else {}
    except UserError as error:
        warn(f"{error}; the nodes remove the pods themselves half an hour after their start")
        return
    for name, answer in answers.items():
        if isinstance(answer, Silence):
            warn(f"{name} keeps its pods for half an hour: {answer.reason}")


def _machines(subject: Subject) -> dict[str, Machine]:
    found = [
        Machine(
            name=instance.tags[NODE],
            instance_id=instance.id,
            state=instance.state,
            address=eni.address,
        )
        for instance, eni in subject.instances()
        if NODE in instance.tags
    ]
    ordered: Sequence[Machine] = sorted(found, key=lambda each: by_number(each.name))
    return {each.name: each for each in ordered}
