"""State of the stack in the cloud, looked up before anything is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import chain
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from podnet.components import blackholes, firewall_rules, neighbours, route_tables, routing_wait
from podnet.components.blackholes import Leaving
from podnet.components.instance_types import zones_that_offer
from podnet.components.node_template import NodeTemplate
from podnet.components.tags import rule_in
from podnet.errors import UserError
from podnet.plan import firewall
from podnet.plan.deployed import LIVE_STATES, Deployed, tag_patterns, vni_pattern
from podnet.plan.kubernetes import UNWRITTEN, Parameters
from podnet.plan.nodes import planned_nodes
from podnet.plan.outdated import outdated
from podnet.plan.pod_routes import PodRoutes
from podnet.plan.policy_objects import Found
from podnet.plan.routing import VARIANTS, Variant
from podnet.plan.settings import Settings
from podnet.plan.tags import FILES, NETWORK, POD_ROUTES, ROUTING, SETTLED, STACK, VERSION

T = TypeVar("T")

ANY = "*"
"""In a filter of EC2: any value of a tag that is there."""


def deployed(stack: str, settings: Settings, template: NodeTemplate) -> Deployed:
    """State of the stack, found by tags.

    Only filters are used, never the tags of an answer: the provider hides those that the stack
    lists under its `ignoreTags`.
    """
    vpcs = _vpcs(stack)
    live = _instances(stack) if vpcs else set()
    if not live:
        return Deployed()
    names = {str(node.address): node.name for node in planned_nodes(settings)}
    for_this_network = _instances(stack, {NETWORK: template.network_fingerprint})
    reusable = {address: name for address, name in names.items() if address in for_this_network}
    _refuse_unoffered(stack, settings, reusable)
    tables = route_tables.look_up(stack)
    owned = live if _has_pod_routes(stack) else set()
    routes = PodRoutes.of(settings, tables, owned, names.keys() if owned else owned)
    stale = tuple(_stale_resources(stack, settings, routes))
    previous, differs = _routing(stack, settings, vpcs, live, is_stale=bool(stale))
    staying = frozenset(_vpcs(stack, cidr=settings.vpc_cidr))
    kept = {address for address, name in reusable.items() if name not in settings.roll}
    leaving = Leaving(
        vpcs=staying,
        nodes={address: names.get(address, address) for address in live - kept},
        blocks=routes.blocks,
        changed=live - for_this_network,
    )
    return Deployed(
        routing=previous,
        routing_differs=differs,
        said=routing_wait.said_before(stack) if differs and not pulumi.runtime.is_dry_run() else {},
        stale_resources=stale,
        vxlan_differs=(vxlan_differs := _differs(stack, tag_patterns(settings.node_routing))),
        vni_differs=vxlan_differs and _differs(stack, [vni_pattern(settings.node_routing)]),
        reusable=frozenset(reusable.values()),
        present=frozenset(name for address, name in names.items() if address in live),
        stopped=_stopped(stack, names),
        absent=tuple(name for address, name in names.items() if address not in live),
        outdated=_outdated(stack, template, reusable),
        updated=_updated(stack, template, reusable),
        unmanaged_routes=routes.unmanaged,
        blackholes=blackholes.look_up(stack, settings, tables, leaving),
        tables=tables,
        routes_of_others=routes.of_others,
        routes_removed=routes.removed,
        unmanaged_rules=firewall_rules.unmanaged(stack),
        vpcs=staying,
        network_policies=_network_policies(stack) if settings.has_cluster else Found(),
        occupied=neighbours.occupied(vpcs, settings, live),
    )


def _network_policies(stack: str) -> Found:
    """What the control plane wrote; nothing where it never has."""
    path = Parameters(stack).policy_folder
    found = aws.ssm.get_parameters_by_path(path=path, with_decryption=False)
    return Found.parse(next(iter(found.values or ()), UNWRITTEN))


def _routing(
    stack: str, settings: Settings, vpcs: set[str], live: set[str], *, is_stale: bool
) -> tuple[Variant | None, bool]:
    """The routing that all nodes last applied, and whether any may have another than the wanted."""
    wanted = settings.node_routing
    # All of them: a stack of the same name elsewhere must not pass for this one.
    is_applied = _vpcs(stack, wanted.tag()) == vpcs
    is_assigned = live <= _instances(stack, {ROUTING: wanted.tag()})
    previous = wanted.variant if is_applied else _previous(stack)
    if is_applied and is_stale:
        # Two interrupted switches, there and back, leave the tags as they were before.
        previous = None
    return previous, not is_applied or not is_assigned or is_stale


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


def _stopped(stack: str, names: Mapping[str, str]) -> dict[str, str]:
    """The ids of the stopped instances, by the name of the node."""
    found = aws.ec2.get_instances(
        instance_tags={STACK: stack}, instance_state_names=["stopping", "stopped"]
    )
    # Each keeps its address while it is stopped, so both lists have one item for each.
    pairs = zip(_each(found.private_ips), _each(found.ids), strict=True)
    return {names[address]: id_ for address, id_ in pairs if address in names}


def _refuse_unoffered(stack: str, settings: Settings, reusable: Mapping[str, str]) -> None:
    """Keep a node that would be deleted for a type that its zone does not offer.

    EC2 refuses such a launch (error code `Unsupported`), and would after the old node is gone.
    """
    rolled = {address: name for address, name in reusable.items() if name in settings.roll}
    if not rolled:
        return
    kind = settings.instance_type
    zones = zones_that_offer(kind)
    fitting = _instances(stack, properties={"availability-zone": zones}) if zones else set()
    if lost := [name for address, name in rolled.items() if address not in fitting]:
        raise UserError(
            f"podnet:roll names {', '.join(lost)}, in a zone that does not offer "
            f"podnet:instanceType {kind}: EC2 would refuse the replacement once the node is "
            f"deleted. Set another instance type; zones that offer this one: "
            f"{', '.join(zones) or 'none of this region'}",
            rule="roll-type-not-offered",
        )


def _updated(stack: str, template: NodeTemplate, reusable: Mapping[str, str]) -> tuple[str, ...]:
    """The nodes at these addresses that the deployment gives another release."""
    same = _instances(stack, {FILES: template.files})
    return tuple(name for address, name in reusable.items() if address not in same)


def _stale_resources(stack: str, settings: Settings, routes: PodRoutes) -> Iterator[str]:
    """What carries packets of pods in a way that is not wanted, and that a node may still use."""
    keys = firewall.pod_traffic_rules(settings, settings.node_routing.variant)
    wanted = firewall_rules.own(stack, *map(rule_in, keys)) if keys else set()
    traffic = firewall_rules.own(stack, *map(rule_in, firewall.POD_TRAFFIC))
    for rule in sorted(traffic - wanted):
        yield f"firewall rule {rule}"
    if routes.managed and not settings.routes_in_vpc:
        yield f"{routes.managed} routes of the VPC to pods"


def _has_pod_routes(stack: str) -> bool:
    """Whether the stack may have routes to pods; all of them are somebody else's where not."""
    return bool({*_each(aws.ec2.get_vpcs(tags={STACK: stack, POD_ROUTES: ANY}).ids)})


def _differs(stack: str, patterns: Sequence[str]) -> bool:
    """Whether a node applied, or is assigned, a routing whose tag fits no pattern.

    A node without a tag has none: an interrupted deployment made it, and did not come to its tag.
    """
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


def _vpcs(
    stack: str,
    applied: str | None = None,
    *,
    cidr: IPv4Network | None = None,
) -> set[str]:
    """The VPCs of the stack; of those, the ones whose nodes have applied this routing tag."""
    tags = {STACK: stack} | ({SETTLED: applied} if applied else {})
    of_range = aws.ec2.GetVpcsFilterArgs(name="cidr", values=[str(cidr)])
    return set(_each(aws.ec2.get_vpcs(tags=tags, filters=[of_range] if cidr else None).ids))


def _instances(
    stack: str,
    tags: Mapping[str, str] | None = None,
    *,
    properties: Mapping[str, str | Sequence[str]] | None = None,
) -> set[str]:
    """The addresses of the stack's instances with these tags and properties."""
    found = aws.ec2.get_instances(
        instance_tags={STACK: stack, **(tags or {})},
        instance_state_names=LIVE_STATES,  # its own default is `running` alone
        filters=[
            {"name": name, "values": [each] if isinstance(each, str) else [*each]}
            for name, each in (properties or {}).items()
        ]
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
