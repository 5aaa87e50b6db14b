"""Wait until every node says that it has applied the routing (ADR 43)."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from time import monotonic

import pulumi
import pulumi_aws as aws

from podnet.plan import acknowledgement
from podnet.plan.acknowledgement import APART
from podnet.plan.laggards import by_node, failure, laggards
from podnet.plan.nodes import Node
from podnet.plan.tags import STACK

POLL_SECONDS = 2.0
PROGRESS_SECONDS = 10.0
"""Seconds between progress messages, and between looks at which instances are stopped."""
PAGE = 10
"""Parameters in one answer (Systems Manager API Reference, GetParametersByPath, MaxResults)."""
PAGES_A_SECOND = 10
"""A quarter of the 40 calls that an account takes of GetParameter, GetParameters and
GetParametersByPath together (AWS General Reference, "AWS Systems Manager endpoints and quotas")."""
DOUBT_SECONDS = 10.0
"""Polls of the agent and of what writes, with a slow metadata service in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingWait:
    """What the nodes are to say, and how long they may take."""

    stack: str
    """Name of the stack."""
    nodes: tuple[Node, ...]
    """The nodes as planned."""
    routing: str
    """The routing tag."""
    timeout_seconds: int
    """How long no node may say anything new."""
    doubted: Mapping[str, str]
    """What nodes had said before the deployment began, by name, where an earlier deployment may
    have been cut off. One that said then that it has this routing may have another by now."""

    @property
    def poll_seconds(self) -> float:
        """Seconds between two looks at all parameters."""
        return max(POLL_SECONDS, len(self.nodes) / PAGE / PAGES_A_SECOND)

    @property
    def doubt_seconds(self) -> float:
        """How long it takes all nodes to say what they have now."""
        return DOUBT_SECONDS + len(self.nodes) * APART

    async def run(self, instances: Mapping[str, str]) -> str:
        """The routing, once all nodes have it; `instances` are their ids, by name.

        Raises `RunError` that names each laggard. A node whose instance is stopped sends nothing,
        and reads its tag when it starts, so it is named and not waited for.
        """
        began = changed = monotonic()
        fewest, stopped = len(instances) + 1, frozenset[str]()
        looked: float | None = None
        while True:
            values, now = await self._said(), monotonic()
            late = laggards(self.routing, instances, values)
            if is_doubtful := now - began < self.doubt_seconds:
                late = self._doubt(values) | late
            is_due = looked is None or now - looked >= PROGRESS_SECONDS
            if late and is_due:
                stopped, looked = self._name(await self._stopped(), stopped), now
            late = {node: reason for node, reason in late.items() if node not in stopped}
            if not late:
                return self.routing
            if len(late) < fewest:
                fewest, changed = len(late), now
            if now - changed >= self.timeout_seconds and not is_doubtful:
                raise pulumi.RunError(failure(self.routing, late, instances, self.timeout_seconds))
            if is_due:
                self._report(late, len(instances), now - changed)
            await sleep(self.poll_seconds)

    def _doubt(self, values: Mapping[str, str]) -> dict[str, str]:
        """The nodes that have said nothing since the deployment began, though they may have to."""
        return {
            node: "it said so before this deployment, and may have another by now"
            for node in map(attrgetter("name"), self.nodes)
            if values.get(node) and values[node] == self.doubted.get(node)
        }

    def _report(self, late: Mapping[str, str], nodes: int, seconds: float) -> None:
        text = f"{nodes - len(late)} of {nodes} nodes say that they have applied the routing"
        if seconds >= PROGRESS_SECONDS:
            first, reason = next(iter(late.items()))
            # A node that boots says nothing for half a minute: no reason to look at its console.
            if seconds < self.timeout_seconds / 2:
                reason = reason.partition("; ")[0]
            text += f", nothing new for {seconds:.0f} of at most {self.timeout_seconds} s; "
            text += f"{first}: {reason}"
        pulumi.log.info(text)

    def _name(self, found: frozenset[str], named: frozenset[str]) -> frozenset[str]:
        if new := sorted(found - named):
            pulumi.log.warn(
                f"{', '.join(new)} not waited for: the instance is stopped. It sends nothing, and "
                "applies the routing of its tag when it starts"
            )
        return found

    async def _said(self) -> dict[str, str]:
        """What all nodes said last; raises `RunError` where it cannot be read."""
        path = acknowledgement.folder(self.stack)

        def unreadable(error: Exception) -> dict[str, str]:
            raise pulumi.RunError(
                f"the parameters below {path} cannot be read: {error}. Whoever deploys needs "
                "ssm:GetParametersByPath on them; another deployment goes on from here"
            ) from error

        found = aws.ssm.get_parameters_by_path_output(path=path, with_decryption=False)
        return await found.apply(_by_node).recover(unreadable).future() or {}

    async def _stopped(self) -> frozenset[str]:
        """The names of the nodes whose instances are stopped."""
        found = aws.ec2.get_instances_output(
            instance_tags={STACK: self.stack}, instance_state_names=["stopping", "stopped"]
        )
        addresses = await found.apply(lambda answer: answer.private_ips or ()).future() or ()
        return frozenset(node.name for node in self.nodes if str(node.address) in addresses)


def said_before(stack: str) -> dict[str, str]:
    """What the nodes of a stack have said so far, by name."""
    path = acknowledgement.folder(stack)
    return _by_node(aws.ssm.get_parameters_by_path(path=path, with_decryption=False))


def _by_node(answer: aws.ssm.GetParametersByPathResult) -> dict[str, str]:
    return by_node(zip(answer.names or (), answer.values or (), strict=True))
