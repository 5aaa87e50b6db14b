"""The drill of updates: another release on all nodes under traffic, and one that is never ready."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from podnet import userdata
from podnet.cli.console import step
from podnet.lab.clients import Client, client
from podnet.lab.drill import Losses, Traffic
from podnet.lab.nodes import releases
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.operations.deployment import up
from podnet.lab.operations.verification import Verification, require_green, verify
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan import tags
from podnet.probe.endpoint import labels
from podnet.system.waiting import wait_until

MOST_SECONDS = 240.0
"""More than a trial takes, with what comes before and after."""
POLICY = "podnet-drill"
NEVER_READY = "import sys\n\nsys.exit('a release of the drill, which is never ready')\n"
CASES = ("update", "never ready", "back")
"""Another release of the same files, one whose agent ends, and the one that was there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateOutcome:
    """What one node made of a release."""

    case: str
    node: str
    before: str
    """The release that ran, by its first digits, as are the next two."""
    wanted: str
    after: str
    seconds: float
    refusal: str
    """Why the node refused the release; empty where it runs it."""
    losses: Losses
    """Of the pairs with a pod of the node."""

    @property
    def passed(self) -> bool:
        """Whether the node runs what it should, and nothing was lost."""
        expected = self.before if self.case == "never ready" else self.wanted
        refused = bool(self.refusal) == (self.case == "never ready")
        measured = self.losses.none and self.losses.sent > 0
        return self.after == expected and refused and measured


def update_drill(stack: LabStack, cases: tuple[str, ...] = CASES) -> Iterator[UpdateOutcome]:
    """Assign each release to all nodes at once, while all pods talk.

    The stack's own release is assigned again in the end, whatever happens.
    """
    verification = require_green(verify(stack, up(stack, log=False)), "before the drill")
    files = userdata.release.files(stack.settings())
    other = {
        "update": {**files, "drill": "another release of the same files\n"},
        "never ready": {**files, "agent.py": NEVER_READY},
        "back": files,
    }
    with readable(stack, [other[case] for case in cases if case != "back"]):
        try:
            for case in cases:
                yield from _assigned(stack, verification, case, other[case])
        finally:
            assign(stack.ec2, verification.nodes, userdata.release.digest_of(files))


def _assigned(
    stack: LabStack, verification: Verification, case: str, files: Mapping[str, str]
) -> list[UpdateOutcome]:
    """What all nodes make of one release."""
    wanted = userdata.release.digest_of(files)
    nodes = verification.nodes
    before = {node.name: _running(node) for node in nodes}
    ended: dict[str, float] = {}
    endpoints = [pod_endpoint(pod) for pod in verification.pods]
    of_node: dict[str, set[str]] = {node.name: set() for node in nodes}
    for pod, label in zip(verification.pods, labels(endpoints), strict=True):
        of_node[pod.node.name].add(label)
    with step(f"{case}: release {userdata.release.short(wanted)} on {len(nodes)} nodes") as note:
        with Traffic(endpoints, MOST_SECONDS) as traffic:
            assign(stack.ec2, nodes, wanted)
            began = time.monotonic()

            def all_ended() -> bool:
                for node in nodes:
                    if node.name not in ended and _has_ended(node, wanted):
                        ended[node.name] = time.monotonic() - began
                return len(ended) == len(nodes)

            wait_until(all_ended, MOST_SECONDS, 0.2)
            losses = traffic.stop()
        note(f"{len(ended)} of {len(nodes)} ended, {losses.lost} of {losses.sent} packets lost")
    return [
        UpdateOutcome(
            case=case,
            node=node.name,
            before=before[node.name],
            wanted=userdata.release.short(wanted),
            after=_running(node),
            seconds=ended.get(node.name, MOST_SECONDS),
            refusal=_refusal(node, wanted),
            losses=_of_node(losses, of_node[node.name]),
        )
        for node in nodes
    ]


def _running(node: Node) -> str:
    state = agent_state(node)
    return userdata.release.short(state.files) if state else "none"


def _refusal(node: Node, wanted: str) -> str:
    text = releases.text(node)
    return text if userdata.release.short(wanted) in text and "refused" in text else ""


def _has_ended(node: Node, wanted: str) -> bool:
    """Whether the node runs the release and its updater is content, or refuses it and is ready."""
    text, short = releases.text(node), userdata.release.short(wanted)
    runs = _running(node) == short and not text
    return (runs or bool(_refusal(node, wanted))) and node.run(
        "systemctl", "show", "-PActiveState", "podnet-agent"
    ).strip() == "active"


def _of_node(losses: Losses, pods: set[str]) -> Losses:
    pairs = [pair for pair in losses.pairs if {pair.source, pair.target} & pods]
    return Losses(pairs=tuple(pairs), seconds=losses.seconds)


def assign(ec2: Client, nodes: list[Node], digest: str) -> None:
    ids = [node.instance_id for node in nodes]
    ec2.create_tags(Resources=ids, Tags=[{"Key": tags.FILES, "Value": digest}])


@contextmanager
def readable(stack: LabStack, others: list[Mapping[str, str]]) -> Iterator[None]:
    """Put releases into parameters that the nodes may read, and take both away again."""
    iam = client("iam", stack.endpoint, stack.region)
    roles = _roles(stack, iam)
    names = []
    try:
        for files in others:
            digest = userdata.release.digest_of(files)
            for number, value in enumerate(userdata.release.pieces_of(files), 1):
                name = userdata.release.piece(stack.identity, digest, number)
                stack.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
                names.append(name)
        resources = [f"arn:aws:ssm:*:*:parameter{name}" for name in names]
        statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": resources}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for role in roles if names else ():
            iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=policy)
        yield
    finally:
        for role in roles if names else ():
            iam.delete_role_policy(RoleName=role, PolicyName=POLICY)
        for name in names:
            stack.ssm.delete_parameter(Name=name)


def _roles(stack: LabStack, iam: Client) -> list[str]:
    """The roles of the stack's nodes."""
    mine = [{"Name": f"tag:{tags.STACK}", "Values": [stack.identity]}]
    found = set()
    for reservation in stack.ec2.describe_instances(Filters=mine)["Reservations"]:
        for instance in reservation["Instances"]:
            if arn := instance.get("IamInstanceProfile", {}).get("Arn", ""):
                name = arn.rpartition("/")[2]
                profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
                found |= {role["RoleName"] for role in profile["Roles"]}
    return sorted(found)
