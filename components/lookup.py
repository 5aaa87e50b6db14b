"""State of the stack in the cloud, looked up before anything is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from podnet.components.node_template import NodeTemplate
from podnet.components.tags import rule_in, title
from podnet.errors import UserError
from podnet.plan import firewall, quota
from podnet.plan.deployed import (
    LIVE_STATES,
    Deployed,
    VpcRoute,
    is_unmanaged,
    outdated,
    tag_patterns,
)
from podnet.plan.nodes import planned_nodes
from podnet.plan.routing import VARIANTS, Variant
from podnet.plan.settings import Settings
from podnet.plan.tags import NETWORK, PROJECT, ROUTING, SETTLED, STACK, VERSION

T = TypeVar("T")

ANY = "*"
"""In a filter of EC2: any value of a tag that is there."""


def route_quota() -> int | None:
    """Routes that a route table may hold; None where Service Quotas does not report it."""
    try:
        found = aws.servicequotas.get_service_quota(service_code="vpc", quota_code=quota.CODE)
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        pulumi.log.debug(f"Service Quotas: {error}")
        return None
    # Absent rather than zero: an account without any route would have no VPC.
    return int(found.value) if found.value else None


def deployed(stack: str, settings: Settings, template: NodeTemplate) -> Deployed:
    """State of the stack, found by tags.

    Only filters are used, never the tags of an answer: the provider hides those that the stack
    lists under its `ignoreTags`.
    """
    vpcs = _vpcs(stack)
    if vpcs:
        _refuse_another_project(stack, vpcs)
    live = _instances(stack) if vpcs else set()
    if not live:
        return Deployed()
    names = {str(node.address): node.name for node in planned_nodes(settings)}
    for_this_network = _instances(stack, {NETWORK: template.network_fingerprint})
    reusable = {address: name for address, name in names.items() if address in for_this_network}
    routes = _PodRoutes.of(stack, settings, live | names.keys())
    stale = tuple(_stale_resources(stack, settings, routes))
    wanted = settings.node_routing
    # All of them: a stack of the same name elsewhere must not pass for this one.
    is_applied = _vpcs(stack, wanted.tag()) == vpcs
    is_assigned = live <= _instances(stack, {ROUTING: wanted.tag()})
    previous = wanted.variant if is_applied else _previous(stack)
    if is_applied and stale:
        # Two interrupted switches, there and back, leave the tags as they were before.
        previous = None
    return Deployed(
        routing=previous,
        routing_differs=not is_applied or not is_assigned or bool(stale),
        stale_resources=stale,
        vxlan_differs=_vxlan_differs(stack, settings),
        reusable=frozenset(reusable.values()),
        outdated=_outdated(stack, template, reusable),
        unmanaged_routes=routes.unmanaged,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _PodRoutes:
    """The routes of the VPC in the pod range."""

    managed: int
    """Number of routes to the pod block of a node."""
    unmanaged: tuple[str, ...]
    """All others, in words."""

    @classmethod
    def of(cls, stack: str, settings: Settings, addresses: set[str]) -> _PodRoutes:
        # Nodes of a range that was changed lie outside the present one.
        present = [one for one in map(IPv4Address, addresses) if one in settings.vpc_cidr]
        blocks = dict.fromkeys(settings.addresses.block(address) for address in present)
        managed, unmanaged = 0, []
        for table in sorted(_each(aws.ec2.get_route_tables(tags={STACK: stack}).ids)):
            for found in _each(aws.ec2.get_route_table(route_table_id=table).routes):
                route = VpcRoute(
                    destination=IPv4Network(found.cidr_block or str(firewall.ANYWHERE)),
                    target=found.network_interface_id or found.gateway_id or "another target",
                )
                if route.destination in blocks:
                    managed += 1
                if is_unmanaged(route, settings.pod_cidr, blocks):
                    unmanaged.append(f"{route.destination} to {route.target} in {table}")
        return cls(managed=managed, unmanaged=tuple(unmanaged))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """A node as created; an empty text stands for anything but the template's value."""

    version: str
    image_id: str
    instance_type: str


def _outdated(
    stack: str, template: NodeTemplate, reusable: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """What is outdated of the nodes at these addresses, by the name of each such node."""
    version = _instances(stack, {VERSION: template.version})
    image = (
        _instances(stack, properties={"image-id": template.image_id})
        if template.image_id
        else reusable.keys()
    )
    kind = _instances(stack, properties={"instance-type": template.instance_type})
    found = {
        name: outdated(
            _Record(
                version=template.version if address in version else "",
                image_id=template.image_id if address in image else "",
                instance_type=template.instance_type if address in kind else "",
            ),
            template,
        )
        for address, name in reusable.items()
    }
    return {name: what for name, what in found.items() if what}


def _stale_resources(stack: str, settings: Settings, routes: _PodRoutes) -> Iterator[str]:
    """What carries packets of pods in a way that is not wanted, and that a node may still use."""
    keys = firewall.pod_traffic_rules(settings, settings.node_routing.variant)
    for rule in sorted(_rules(stack, *firewall.POD_TRAFFIC) - _rules(stack, *keys)):
        yield f"firewall rule {rule}"
    if routes.managed and not settings.routes_in_vpc:
        yield f"{routes.managed} routes of the VPC to pods"


def _rules(stack: str, *keys: str) -> set[str]:
    """The firewall rules of the stack with these keys, in which a star is a wildcard."""
    titles = [title(stack, rule_in(key)) for key in keys]
    found = aws.vpc.get_security_group_rules(
        tags={STACK: stack}, filters=[{"name": "tag:Name", "values": titles}]
    )
    return set(_each(found.ids))


def _vxlan_differs(stack: str, settings: Settings) -> bool:
    """Whether a node applied, or is assigned, other VXLAN numbers than the wanted, in any mode.

    A node without a tag has none: an interrupted deployment made it, and did not come to its tag.
    """
    patterns = tag_patterns(settings.node_routing)
    applied = _vpcs(stack, ANY).difference(*(_vpcs(stack, each) for each in patterns))
    assigned = _instances(stack, {ROUTING: ANY}).difference(
        *(_instances(stack, {ROUTING: each}) for each in patterns)
    )
    return bool(applied or assigned)


def _previous(stack: str) -> Variant | None:
    """The variant that all nodes last applied; until they have, one assigned to any node."""
    applied = (each for name, each in VARIANTS.items() if _vpcs(stack, f"{name} *"))
    assigned = (
        each for name, each in VARIANTS.items() if _instances(stack, {ROUTING: f"{name} *"})
    )
    return next(chain(applied, assigned), None)


def _refuse_another_project(stack: str, vpcs: set[str]) -> None:
    """Keep apart what another Pulumi project has deployed as a stack of the same name.

    Look-ups and SSM parameters go by the name of the stack. A VPC without the tag is as a former
    version of podnet made it, and taken for the stack's own.
    """
    project = pulumi.get_project()
    own = _vpcs(stack, project=project)
    if others := (_vpcs(stack, project=ANY) & vpcs) - own:
        raise UserError(
            f"{', '.join(sorted(others))} is tagged {STACK}={stack} by another Pulumi project "
            f"(see its tag {PROJECT}; this one is {project}), and podnet finds nodes and "
            "parameters by the name of the stack; give this stack another name, or deploy it in "
            "another account or region",
            rule="stack-of-another-project",
        )


def _vpcs(stack: str, applied: str | None = None, *, project: str | None = None) -> set[str]:
    """The VPCs of the stack; of those, the ones whose nodes have applied this routing tag."""
    tags = {STACK: stack} | ({SETTLED: applied} if applied else {})
    tags |= {PROJECT: project} if project else {}
    return set(_each(aws.ec2.get_vpcs(tags=tags).ids))


def _instances(
    stack: str,
    tags: Mapping[str, str] | None = None,
    *,
    properties: Mapping[str, str] | None = None,
) -> set[str]:
    """The addresses of the stack's instances with these tags and properties."""
    found = aws.ec2.get_instances(
        instance_tags={STACK: stack, **(tags or {})},
        instance_state_names=LIVE_STATES,  # its own default is `running` alone
        filters=[{"name": name, "values": [each]} for name, each in (properties or {}).items()]
        or None,
    )
    return set(_each(found.private_ips))


def _each(found: Iterable[T] | None) -> Iterable[T]:
    """The items of a list in an answer; the provider's bridge leaves out a list that is null.

    A data source of the Terraform plugin framework flattens an empty list to null
    (hashicorp/terraform-provider-aws, internal/framework/flex/list.go), and the bridge drops nulls
    (pulumi/pulumi-terraform-bridge, pkg/convert/object.go).
    """
    return found or ()
