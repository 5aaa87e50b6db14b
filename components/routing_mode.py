"""The routing of the nodes, and the order in which a switch from one to another takes place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import retries
from podnet.components.firewall import Firewall
from podnet.components.routing_wait import RoutingWait
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
    wait: RoutingWait
    """The wait for the nodes to apply it, before what they had is removed."""
    vpc: aws.ec2.Vpc
    """The VPC of the nodes."""
    firewall: Firewall
    """The group that the nodes are in, and its rules."""
    is_exclusive: bool
    """Whether all other rules of the group are revoked."""


class RoutingMode(pulumi.ComponentResource):
    """Assigns a routing to every node, and removes what it does not need once nodes applied it.

    What the routing needs comes first; then the tags of the nodes; then a wait until all nodes say
    that they have applied it; then what it does not need is deleted, rules here and all else at the
    end of the deployment, which is when engines delete. A node that does not follow ends the
    deployment before that.
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
        if not pulumi.runtime.is_dry_run():
            ids = pulumi.Output.all(
                **{node.name: args.instances[node.name].id for node in args.nodes}
            )
            value = pulumi.Output.all(ids, *(tag.id for tag in assigned)).apply(
                lambda known: args.wait.run(known[0])
            )
        # Written only after the wait: what it holds, all nodes have applied.
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
        # removes it. It would remove the rules of the previous routing as well. Its own deletion
        # revokes nothing (hashicorp/terraform-provider-aws,
        # internal/service/ec2/vpc_security_group_rules_exclusive.go).
        if args.is_exclusive:
            aws.ec2.VpcSecurityGroupRulesExclusive(
                name,
                security_group_id=args.firewall.security_group_id,
                ingress_rule_ids=args.firewall.ingress_rule_ids,
                egress_rule_ids=args.firewall.egress_rule_ids,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[applied]),
            )
        self.register_outputs({})
