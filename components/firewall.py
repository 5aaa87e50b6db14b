"""The security group of the nodes; its rules come from the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from podnet.components.firewall_rules import GROUP
from podnet.components.tags import named, rule_in
from podnet.plan.firewall import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class FirewallArgs:
    """Arguments of `Firewall`."""

    vpc_id: pulumi.Input[str]
    """The VPC of the nodes."""
    ingress: Mapping[str, Rule]
    """Rules for incoming packets, keyed by purpose."""
    egress: Mapping[str, Rule]
    """Rules for outgoing packets, keyed by purpose."""
    tags: Mapping[str, str]
    """Tags of every resource."""


class Firewall(pulumi.ComponentResource):
    """A security group with the given rules; `RoutingMode` may keep all others out of it."""

    security_group_id: pulumi.Output[str]
    """The group, for the nodes to be in."""
    ingress_rule_ids: Sequence[pulumi.Output[str]]
    """Ids of the rules for incoming packets."""
    egress_rule_ids: Sequence[pulumi.Output[str]]
    """Ids of the rules for outgoing packets."""

    def __init__(
        self,
        name: str,
        args: FirewallArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Firewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=args.vpc_id,
            description="Nodes of podnet and the pods behind them",
            tags=named(args.tags, GROUP),
            opts=child,
        )
        self.security_group_id = group.id
        self.ingress_rule_ids = [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{rule_in(key)}",
                **_rule(group, rule),
                tags=named(args.tags, rule_in(key)),
                opts=child,
            ).id
            for key, rule in args.ingress.items()
        ]
        self.egress_rule_ids = [
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-out-{key}",
                **_rule(group, rule),
                tags=named(args.tags, f"out-{key}"),
                opts=child,
            ).id
            for key, rule in args.egress.items()
        ]
        self.register_outputs(
            {
                "securityGroupId": self.security_group_id,
                "ingressRuleIds": self.ingress_rule_ids,
                "egressRuleIds": self.egress_rule_ids,
            }
        )


def _rule(group: aws.ec2.SecurityGroup, rule: Rule) -> dict[str, Any]:
    """One rule as both directions take it; its peer is a range or the group itself."""
    peer = (
        {"referenced_security_group_id": group.id}
        if rule.peer is None
        else {"cidr_ipv4": str(rule.peer)}
    )
    return {
        "security_group_id": group.id,
        "ip_protocol": rule.protocol,
        "from_port": rule.from_port,
        "to_port": rule.to_port,
        "description": rule.description,
        **peer,
    }
