"""The rules of the nodes' security group, as they are."""

from __future__ import annotations

import pulumi_aws as aws

from podnet.components.tags import title
from podnet.plan.tags import STACK
from podnet.plan.unmanaged_rules import FoundRule

GROUP = "nodes"
"""What the group is called in its tag `Name`."""


def own(stack: str, *names: str) -> set[str]:
    """Ids of the stack's rules, or of those with these names, in which a star is a wildcard."""
    titled = aws.vpc.GetSecurityGroupRulesFilterArgs(
        name="tag:Name", values=[title(stack, name) for name in names or ("*",)]
    )
    return {*(aws.vpc.get_security_group_rules(tags={STACK: stack}, filters=[titled]).ids or ())}


def unmanaged(stack: str) -> tuple[FoundRule, ...]:
    """The rules that are in the group beside the stack's."""
    groups = aws.ec2.get_security_groups(
        tags={STACK: stack}, filters=[{"name": "tag:Name", "values": [title(stack, GROUP)]}]
    ).ids
    if not groups:
        return ()
    inside = aws.vpc.GetSecurityGroupRulesFilterArgs(name="group-id", values=sorted(groups))
    found = aws.vpc.get_security_group_rules(filters=[inside]).ids or ()
    return tuple(_look_up(each) for each in sorted({*found} - own(stack)))


def _look_up(id_: str) -> FoundRule:
    """One rule; the provider leaves out what does not apply to it."""
    found = aws.vpc.get_security_group_rule(security_group_rule_id=id_)
    peers = (
        found.cidr_ipv4,
        found.cidr_ipv6,
        found.prefix_list_id,
        found.referenced_security_group_id,
    )
    return FoundRule(
        id=id_,
        group=found.security_group_id or "the group",
        is_egress=bool(found.is_egress),
        protocol=found.ip_protocol or "-1",
        from_port=found.from_port,
        to_port=found.to_port,
        peer=next(filter(None, peers), "an unknown peer"),
        description=found.description or "",
        tags=found.tags or {},
    )
