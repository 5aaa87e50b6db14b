"""The table: every quota that a deployment may meet, with what it takes of it.

Others are far from what a stack can take, or not touched by it (ADR 35).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from podnet.plan import firewall
from podnet.plan.deployed import Deployed
from podnet.plan.instance_type import InstanceType
from podnet.plan.nodes import planned_nodes, secondary_ranges
from podnet.plan.preview import created
from podnet.plan.quotas import modes, quota, vcpus
from podnet.plan.quotas.need import Need
from podnet.plan.settings import Settings

DEFAULT_ROUTES = 2
"""Routes that every table has anyway: to the internet, and within the VPC's own range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What the account has in the region, as far as it is looked up."""

    vpcs: int | None = None
    """The VPCs of others; None where the stack has its own VPC already, and needs no other."""
    own_vpcs: int = 0
    """The VPCs of the stack, of whatever range."""
    vcpus: Mapping[str, int] = field(default_factory=dict)
    """vCPUs of each running instance that counts in the quota of the nodes' type, by its id."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """The name of the node that an instance of the stack is, by its id; empty for none planned."""
    parameters: int = 0
    """The parameters that the stack makes."""
    pieces: int = 0
    """Those of them that hold the release."""


def needs(
    settings: Settings, deployed: Deployed, kind: InstanceType, usage: Usage
) -> Iterator[Need]:
    """The rows that this deployment touches."""
    if settings.routes_in_vpc:
        yield routes(settings, deployed)
    yield _rules(settings, deployed)
    if (new := created(settings, deployed)) and kind.vcpus and vcpus.quota_of(kind.name):
        yield _vcpus(settings, kind, usage, new)
    if usage.vpcs is not None:
        yield Need(
            quota=quota.VPCS,
            after=1,
            peak=usage.own_vpcs + 1,
            elsewhere=usage.vpcs,
            way_out="Delete a VPC that nobody needs, or deploy into another region",
            about=("vpcCidr",),
        )
    ranges = 1 + len(secondary_ranges(settings))
    yield Need(
        quota=quota.RANGES,
        after=ranges,
        peak=ranges,
        way_out="Use fewer zones, or a podnet:vpcCidr that holds the subnets of all",
        about=("zones", "vpcCidr", "subnetPrefix"),
    )
    groups = 1 + len(settings.extra_security_groups)
    yield Need(
        quota=quota.GROUPS,
        after=groups,
        peak=groups,
        way_out="Name fewer groups in podnet:extraSecurityGroups",
        about=("extraSecurityGroups",),
    )
    # A cluster's roles have what sessions need in a policy of their own (podnet.components.roles).
    policies = len(settings.extra_policies) + (
        settings.session_manager and not settings.has_cluster
    )
    yield Need(
        quota=quota.POLICIES,
        after=policies,
        peak=policies,
        way_out="Name fewer policies in podnet:extraPolicies",
        about=("extraPolicies",),
    )
    yield Need(
        quota=quota.PARAMETERS,
        after=usage.parameters,
        # The release before is deleted at the end, and has about as many pieces.
        peak=usage.parameters + (usage.pieces if deployed.updated else 0),
        way_out="Delete parameters that nobody needs",
        about=(),
    )


def routes(settings: Settings, deployed: Deployed) -> Need:
    """What vpc-routes takes: a table has a route to every node, whichever zone it is of."""
    nodes = sum(settings.counts)
    # VPC User Guide, "VPC CIDR blocks": a local route for each range that is added.
    wanted = nodes + DEFAULT_ROUTES + len(secondary_ranges(settings))
    fitting = [str(one) for one in modes.without_routes(settings) if not one.lack]
    return Need(
        quota=quota.ROUTES,
        after=wanted,
        peak=wanted + deployed.routes_removed,
        elsewhere=deployed.routes_of_others,
        way_out=f"Use so many nodes fewer, or podnet:routing {' or '.join(fitting)}, which "
        f"{'needs' if len(fitting) == 1 else 'need'} no routes of the VPC",
        about=("nodeCount", "routing"),
    )


def _rules(settings: Settings, deployed: Deployed) -> Need:
    """The inbound rules; those of the previous routing are there until the nodes have switched."""
    wanted, previous = firewall.ingress(settings), deployed.routing
    old = firewall.pod_traffic_rules(settings, previous) if previous else {}
    return Need(
        quota=quota.RULES,
        after=len(wanted),
        peak=len(wanted.keys() | old.keys()),
        # An exclusive firewall revokes them last.
        elsewhere=sum(rule.counts_for_ipv4 for rule in deployed.unmanaged_rules),
        way_out="Give fewer ranges in podnet:sshCidrs, podnet:apiCidrs and podnet:nodePortCidrs, "
        "each of which is a rule or two",
        about=("sshCidrs", "apiCidrs", "nodePortCidrs"),
    )


def _vcpus(settings: Settings, kind: InstanceType, usage: Usage, new: tuple[str, ...]) -> Need:
    """A node that is replaced is deleted first; one that is no more in the plan, last."""
    own = {id_: name for id_, name in usage.nodes.items() if id_ in usage.vcpus}
    planned = {node.name for node in planned_nodes(settings)}
    kept = {id_: name for id_, name in own.items() if name not in new}
    launched = len(new) * kind.vcpus
    found = vcpus.quota_of(kind.name)
    if found is None:
        raise ValueError(f"{kind.name} counts in no quota")
    return Need(
        quota=found,
        after=launched + sum(usage.vcpus[id_] for id_, name in kept.items() if name in planned),
        peak=launched + sum(usage.vcpus[id_] for id_ in kept),
        elsewhere=sum(count for id_, count in usage.vcpus.items() if id_ not in own),
        way_out="Use fewer nodes or a smaller podnet:instanceType, or stop what nobody needs",
        about=("nodeCount", "instanceType"),
    )
