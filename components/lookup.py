"""What the cloud is asked before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

import pulumi
import pulumi_aws as aws

from components.build import Build
from components.tags import NETWORK, ROUTING, SETTLED, STACK, VERSION, rule_in, title
from plan import firewall, quota
from plan.nodes import nodes
from plan.routing import WORDS
from plan.settings import Settings
from plan.switch import Deployed, same_vxlan

THERE = ["pending", "running", "stopping", "stopped"]
"""States of an instance that is not gone; the look-up's own default is `running` alone."""


def route_quota() -> int | None:
    """How many routes a route table may hold; None where Service Quotas does not tell."""
    try:
        found = aws.servicequotas.get_service_quota(service_code="vpc", quota_code=quota.CODE)
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        pulumi.log.debug(f"Service Quotas: {error}")
        return None
    return int(found.value)


def deployed(stack: str, settings: Settings, build: Build) -> Deployed:
    """What is there of the stack, found by tags.

    Only filters are used, never the tags of an answer: the provider hides those that the stack
    tells it to ignore.
    """
    vpcs = _vpcs(stack)
    there = _instances(stack) if vpcs else set()
    if not there:
        return Deployed()
    wanted = settings.node_routing.tag()
    names = {str(node.address): node.name for node in nodes(settings)}
    kept = _instances(stack, {NETWORK: build.network}) & names.keys()
    outdated = {
        "files": kept - _instances(stack, {VERSION: build.version}),
        "image": kept - _instances(stack, made={"image-id": build.image_id}),
        "instance type": kept - _instances(stack, made={"instance-type": settings.instance_type}),
    }
    # All of them: a stack of the same name elsewhere must not pass for settled in its place.
    settled = _vpcs(stack, wanted) == vpcs
    told_alike = not there - _instances(stack, {ROUTING: wanted})
    routes = _PodRoutes.of(stack, settings, there | names.keys())
    leftover = tuple(_leftover(stack, settings, routes))
    former = _former(stack)
    if settled:
        # Two switches that were cut off, there and back, leave the tags as they were before.
        former = None if leftover else wanted.partition(" ")[0]
    return Deployed(
        routing=former,
        switches=not settled or not told_alike or bool(leftover),
        leftover=leftover,
        renumbered=not _has_numbers(stack, settings, vpcs, there),
        kept=frozenset(names[address] for address in kept),
        older={
            name: tuple(what for what, addresses in outdated.items() if address in addresses)
            for address, name in names.items()
            if any(address in addresses for addresses in outdated.values())
        },
        foreign=routes.foreign,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _PodRoutes:
    """The routes of the VPC in the pod range."""

    own: int
    """How many lead to the pod block of a node."""
    foreign: tuple[str, ...]
    """All others, in words."""

    @classmethod
    def of(cls, stack: str, settings: Settings, addresses: set[str]) -> _PodRoutes:
        # Nodes of a range that was changed lie outside the one of now.
        nodes_of_now = [one for one in map(IPv4Address, addresses) if one in settings.vpc_cidr]
        blocks = {settings.addresses.block(address) for address in nodes_of_now}
        own, foreign = 0, []
        for table in sorted(aws.ec2.get_route_tables(tags={STACK: stack}).ids):
            for route in aws.ec2.get_route_table(route_table_id=table).routes:
                destination = IPv4Network(route.cidr_block or str(firewall.ANYWHERE))
                own += destination in blocks
                if destination.subnet_of(settings.pod_cidr) and destination not in blocks:
                    target = route.network_interface_id or route.gateway_id or "what is neither"
                    foreign.append(f"{destination} to {target} in {table}")
        return cls(own=own, foreign=tuple(foreign))


def _leftover(stack: str, settings: Settings, routes: _PodRoutes) -> Iterator[str]:
    """What carries packets of pods in a way that is not wanted, and that a node may yet use."""
    wanted = _rules(stack, *firewall.carrying(settings))
    for rule in sorted(_rules(stack, *firewall.CARRYING) - wanted):
        yield f"firewall rule {rule}"
    if routes.own and not settings.routes_in_vpc:
        yield f"{routes.own} routes of the VPC to pods"


def _rules(stack: str, *keys: str) -> set[str]:
    """The firewall rules of the stack with these keys, in which a star stands for anything."""
    titles = [title(stack, rule_in(key)) for key in keys]
    found = aws.vpc.get_security_group_rules(
        tags={STACK: stack}, filters=[{"name": "tag:Name", "values": titles}]
    )
    return set(found.ids)


def _has_numbers(stack: str, settings: Settings, vpcs: set[str], there: set[str]) -> bool:
    """Whether nodes settled in, and are told, the VXLAN that is wanted, whatever their mode."""
    texts = same_vxlan(settings.node_routing)
    settled = set[str]().union(*(_vpcs(stack, text) for text in texts))
    told = set[str]().union(*(_instances(stack, {ROUTING: text}) for text in texts))
    return settled == vpcs and told == there


def _former(stack: str) -> str | None:
    """The routing that all nodes last settled in; until they have, one that a node was told."""
    settled = (word for word in WORDS if _vpcs(stack, f"{word} *"))
    told = (word for word in WORDS if _instances(stack, {ROUTING: f"{word} *"}))
    return next(chain(settled, told), None)


def _vpcs(stack: str, settled: str | None = None) -> set[str]:
    """The VPCs of the stack; of those, the ones whose nodes have settled in this routing."""
    tags = {STACK: stack} | ({SETTLED: settled} if settled else {})
    return set(aws.ec2.get_vpcs(tags=tags).ids)


def _instances(
    stack: str, tags: Mapping[str, str] | None = None, *, made: Mapping[str, str] | None = None
) -> set[str]:
    """The addresses of the stack's instances with these tags, made with this."""
    found = aws.ec2.get_instances(
        instance_tags={STACK: stack, **(tags or {})},
        instance_state_names=THERE,
        filters=[{"name": name, "values": [value]} for name, value in (made or {}).items()] or None,
    )
    return set(found.private_ips)
