"""A stack of an account: what its nodes are assigned, and what they said that they applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from podnet.plan import network_policy
from podnet.plan.acknowledgement import Acknowledgement, folder, parameter
from podnet.plan.nodes import by_number
from podnet.plan.policy_objects import Found
from podnet.plan.routing import RoutingMode
from podnet.plan.tags import FILES, NODE, NODES, ROUTING, SETTLED
from podnet.userdata.release import short
from podnet.verify.pod_routes import Surplus, surplus
from podnet.verify.subject import Subject
from podnet.world.model import Eni, Instance

STOPPED = ("stopping", "stopped")
DEPLOY = "the next deployment"
NOTHING = Found()


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStatus:
    """A node that is there, or must be."""

    name: str
    instance_id: str | None = None
    """None where it has no instance."""
    state: str = "missing"
    """Of its instance, as EC2 names it."""
    address: IPv4Address | None = None
    assigned: str | None = None
    """The assigned routing: its tag."""
    files: str | None = None
    """The first digits of the release that it is to run, by its tag."""
    said: Acknowledgement | None = None
    """What this instance said last."""
    remark: str | None = None
    """Why it may not have said all that there is to say."""

    @property
    def applied(self) -> str | None:
        """The applied routing."""
        return self.said.routing if self.said else None

    @property
    def applied_files(self) -> str | None:
        """The first digits of the release that it runs."""
        return short(self.said.files) or None if self.said else None

    def to_json(self) -> dict[str, object]:
        """The node as plain JSON values."""
        return {
            "name": self.name,
            "instance": self.instance_id,
            "state": self.state,
            "address": str(self.address) if self.address else None,
            "routing": {"assigned": self.assigned, "applied": self.applied},
            "files": {"assigned": self.files, "applied": self.applied_files},
            "said": self.said.time if self.said else None,
            "problems": list(self.said.problems) if self.said else [],
            "remark": self.remark,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """A stack."""

    stack: str
    vpc: str
    settled: str | None
    """The routing that all nodes have said they applied, by the VPC's tag."""
    nodes: tuple[NodeStatus, ...]
    routes: tuple[Surplus, ...]
    remarks: tuple[str, ...]
    """What else is not as a deployment leaves it."""

    @classmethod
    def of(cls, subject: Subject, values: Mapping[str, str], policies: Found = NOTHING) -> Status:
        """By the world, the values of the nodes' parameters, and the policies of a cluster."""
        found = {instance.tags.get(NODE, ""): (instance, eni) for instance, eni in _once(subject)}
        names = dict.fromkeys((*subject.expected, *sorted(found.keys() - {""}, key=by_number)))
        return cls(
            stack=subject.identity,
            vpc=subject.vpc.id,
            settled=subject.vpc.tags.get(SETTLED),
            nodes=tuple(
                _node(subject.identity, name, found.get(name), values.get(name)) for name in names
            ),
            routes=tuple(surplus(subject)),
            remarks=(*_remarks(subject, {*names}, values), *_unenforced(subject, policies)),
        )

    @property
    def verdict(self) -> str:
        """How far the stack is with its routing, in a sentence."""
        tag = f"the tag {SETTLED} of {self.vpc}"
        wanted = {node.assigned for node in self.nodes if node.assigned}
        if self.settled is None:
            return f"{tag} is not there: no deployment has seen all nodes apply their routing"
        if wanted == {self.settled}:
            return f"{tag} says {self.settled!r}, which every node is assigned"
        others = ", ".join(repr(each) for each in sorted(wanted - {self.settled})) or "nothing"
        return (
            f"{tag} says {self.settled!r}, and nodes are assigned {others}: a switch goes on, or "
            f"was cut off, and {DEPLOY} ends it"
        )

    @property
    def is_settled(self) -> bool:
        """Whether every node has applied what it is assigned, and a deployment has seen it."""
        return all(node.applied == node.assigned == self.settled is not None for node in self.nodes)

    def to_json(self) -> dict[str, object]:
        """The status as plain JSON values."""
        return {
            "stack": self.stack,
            "vpc": self.vpc,
            "settled": self.settled,
            "nodes": [node.to_json() for node in self.nodes],
            "routes": [each.to_json() for each in self.routes],
            "remarks": list(self.remarks),
        }


def _unenforced(subject: Subject, policies: Found) -> Iterator[str]:
    # Another CNI brings an engine of its own, or none, which is not podnet's to say.
    tags = (instance.tags.get(ROUTING, "") for instance, _ in subject.instances())
    if any(tag.startswith(RoutingMode.EXTERNAL) for tag in tags):
        return
    if remark := network_policy.unenforced(policies, policies.engine):
        yield remark.text


def _once(subject: Subject) -> list[tuple[Instance, Eni]]:
    """The instances, the first one of a name last, so that it is the one that counts."""
    return sorted(subject.instances(), key=lambda pair: pair[0].id, reverse=True)


def _node(
    identity: str, name: str, found: tuple[Instance, Eni] | None, text: str | None
) -> NodeStatus:
    said, remark = _said(parameter(identity, name), text)
    if found is None:
        before = (
            f"{said.instance} was it, and had {said.routing!r} at {said.time}" if said else None
        )
        return NodeStatus(name=name, remark=before)
    instance, eni = found
    if said and said.instance != instance.id:
        remark = (
            f"it has said nothing yet; {said.instance}, which was this node before, had "
            f"{said.routing!r} at {said.time}"
        )
        said = None
    if instance.state in STOPPED:
        stopped = f"its instance is {instance.state}: it reads its tag when it starts"
        remark = "; ".join(filter(None, (stopped, remark)))
    files = instance.tags.get(FILES)
    return NodeStatus(
        name=name,
        instance_id=instance.id,
        state=instance.state,
        address=eni.address,
        assigned=instance.tags.get(ROUTING),
        files=short(files) if files else None,
        said=said,
        remark=remark,
    )


def _said(place: str, text: str | None) -> tuple[Acknowledgement | None, str | None]:
    """What a parameter holds, or why there is nothing to be had of it."""
    if text is None:
        return None, f"its parameter {place} is not there; {DEPLOY} makes it"
    try:
        said = Acknowledgement.parse(text)
    except ValueError as error:
        return None, f"{place}: {error}; its next change of routing or release writes it again"
    return said, None if said else "it has said nothing yet"


def _remarks(subject: Subject, names: set[str], values: Mapping[str, str]) -> Iterator[str]:
    for instance_id, what in subject.odd:
        yield f"{instance_id} {what}"
    if unexpected := sorted(names - {*subject.expected}, key=by_number):
        yield (
            f"{', '.join(unexpected)}: not among the nodes that must be there, by the tag {NODES} "
            "of the VPC or by --nodes"
        )
    if not subject.nodes:
        yield "no instance bears an address rule, so the range of its pods is not known"
    if not values:
        yield (
            f"no parameter is below {folder(subject.identity)}: a podnet without them deployed the "
            f"stack, or they were deleted; {DEPLOY} makes them"
        )
    elif strange := sorted(values.keys() - names, key=by_number):
        yield f"there are parameters of {', '.join(strange)}, which is no node of the stack"
