"""The routing of the nodes, and the order in which a switch from one to another takes place."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import retries
from podnet.components.firewall import Firewall
from podnet.plan.nodes import Node
from podnet.plan.tags import ROUTING, SETTLED


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingModeArgs:
    """Arguments of `RoutingMode`."""

    nodes: tuple[Node, ...]
    """The nodes as planned."""
    instances: Mapping[str, aws.ec2.Instance]
    """The instance of each node, by the name of the node."""
    routing: str
    """The routing tag."""
    after: Sequence[pulumi.Resource]
    """Resources that the routing needs besides the firewall's rules."""
    wait_seconds: int
    """How long nodes that may still have another routing need before it is removed."""
    vpc: aws.ec2.Vpc
    """The VPC of the nodes."""
    firewall: Firewall
    """The group that the nodes are in, and all its rules."""


class RoutingMode(pulumi.ComponentResource):
    """Assigns a routing to every node, and removes what it does not need once nodes applied it.

    What the routing needs comes first; then the tags of the nodes; then, in a switch, a wait in
    which the nodes apply it; then what it does not need is deleted, rules here and all else at the
    end of the deployment, which is when engines delete.
    """

    def __init__(
        self,
        name: str,
        args: RoutingModeArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:RoutingMode", name, None, opts)
        retried = retries.of_tags(name)
        # A separate tag for each node, since the instance itself must not change for it.
        assigned = [
            aws.ec2.Tag(
                f"{name}-{node.zone.name}-{node.name}",
                resource_id=args.instances[node.name].id,
                key=ROUTING,
                value=args.routing,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[args.firewall, *args.after],
                    # It is gone with its instance, without a call that could fail.
                    deleted_with=args.instances[node.name],
                    hooks=retried,
                ),
            )
            for node in args.nodes
        ]

        value: pulumi.Input[str] = args.routing
        if args.wait_seconds and not pulumi.runtime.is_dry_run():
            value = pulumi.Output.all(*(tag.id for tag in assigned)).apply(
                lambda _: _after_wait(args.wait_seconds, args.routing)
            )
        # Written only after the wait: until it holds the wanted routing, every deployment waits.
        applied = aws.ec2.Tag(
            f"{name}-settled",
            resource_id=args.vpc.id,
            key=SETTLED,
            value=value,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=assigned, deleted_with=args.vpc, hooks=retried
            ),
        )
        # Rules are separate resources, so one added by hand belongs to none of them; this resource
        # removes it. It would remove the rules of the previous routing as well.
        aws.ec2.VpcSecurityGroupRulesExclusive(
            name,
            security_group_id=args.firewall.security_group_id,
            ingress_rule_ids=args.firewall.ingress_rule_ids,
            egress_rule_ids=args.firewall.egress_rule_ids,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[applied]),
        )
        self.register_outputs({})


async def _after_wait(seconds: int, value: str) -> str:
    await sleep(seconds)
    return value
