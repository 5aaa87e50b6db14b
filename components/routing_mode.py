"""The routing of the nodes, and the order in which a switch from one to another takes place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.firewall import Firewall
from components.tags import ROUTING, SETTLED
from plan.nodes import Node

SETTLE_SECONDS = 5.0
"""Two polls of the nodes' agent, and a second for the tag to reach the metadata service."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingModeArgs:
    """What a `RoutingMode` is made from."""

    nodes: tuple[Node, ...]
    """The nodes as planned."""
    instance_ids: Mapping[str, pulumi.Input[str]]
    """The instance of each node, by the name of the node."""
    routing: str
    """The routing as a node reads it."""
    after: Sequence[pulumi.Resource]
    """What the routing needs besides the firewall's rules."""
    settle: bool
    """Whether nodes may still have another routing, and need time before it is taken away."""
    vpc_id: pulumi.Input[str]
    """The VPC of the nodes."""
    firewall: Firewall
    """The group that the nodes are in, and all its rules."""


class RoutingMode(pulumi.ComponentResource):
    """Tells every node its routing, and closes the way behind the nodes once they have it.

    What the routing needs comes first; then the tags of the nodes; then, where something
    switches, a wait in which the nodes take it up; then what it does not need goes, rules here
    and all else at the end of the deployment, which is when engines delete.
    """

    def __init__(
        self,
        name: str,
        args: RoutingModeArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:RoutingMode", name, None, opts)
        # A tag of its own for each node, since the instance itself must not change for it.
        told = [
            aws.ec2.Tag(
                f"{name}-{node.zone.name}-{node.name}",
                resource_id=args.instance_ids[node.name],
                key=ROUTING,
                value=args.routing,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[args.firewall, *args.after]),
            )
            for node in args.nodes
        ]

        value: pulumi.Input[str] = args.routing
        if args.settle and not pulumi.runtime.is_dry_run():
            value = pulumi.Output.all(*(tag.id for tag in told)).apply(
                lambda _: _after_a_while(args.routing)
            )
        # Written only after the wait: until it says the routing wanted, every deployment waits.
        settled = aws.ec2.Tag(
            f"{name}-settled",
            resource_id=args.vpc_id,
            key=SETTLED,
            value=value,
            opts=pulumi.ResourceOptions(parent=self, depends_on=told),
        )
        # Rules are resources of their own, so one added by hand belongs to nobody; this one
        # sees it and takes it away. It would do so to the rules of the former routing as well.
        aws.ec2.VpcSecurityGroupRulesExclusive(
            name,
            security_group_id=args.firewall.security_group_id,
            ingress_rule_ids=args.firewall.ingress_rule_ids,
            egress_rule_ids=args.firewall.egress_rule_ids,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[settled]),
        )
        self.register_outputs({})


async def _after_a_while(value: str) -> str:
    await asyncio.sleep(SETTLE_SECONDS)
    return value
