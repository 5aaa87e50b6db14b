"""What the cloud is asked before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import chain

import pulumi
import pulumi_aws as aws

from components.build import Build
from components.tags import NETWORK, ROUTING, SETTLED, STACK, VERSION
from plan import quota
from plan.firewall import ANYWHERE
from plan.nodes import nodes
from plan.routing import WORDS
from plan.settings import Settings
from plan.switch import Deployed

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
    kept = _instances(stack, **{NETWORK: build.network}) & names.keys()
    outdated = {
        "files": kept - _instances(stack, **{VERSION: build.version}),
        "image": kept - _instances(stack, image_id=build.image_id),
    }
    # All of them: a stack of the same name elsewhere must not pass for settled in its place.
    settled = _vpcs(stack, wanted) == vpcs
    return Deployed(
        routing=wanted.partition(" ")[0] if settled else _former(stack),
        switches=not settled or bool(there - _instances(stack, **{ROUTING: wanted})),
        kept=frozenset(names[address] for address in kept),
        older={
            name: tuple(what for what, addresses in outdated.items() if address in addresses)
            for address, name in names.items()
            if any(address in addresses for addresses in outdated.values())
        },
        foreign=tuple(_foreign_routes(stack, settings, there | names.keys())),
    )


def _foreign_routes(stack: str, settings: Settings, addresses: set[str]) -> Iterator[str]:
    """The routes in the pod range that lead to no pod block of these nodes."""
    # Nodes of a range that was changed lie outside the one of now.
    nodes_of_now = [one for one in map(IPv4Address, addresses) if one in settings.vpc_cidr]
    own = {settings.addresses.block(address) for address in nodes_of_now}
    for table in sorted(aws.ec2.get_route_tables(tags={STACK: stack}).ids):
        for route in aws.ec2.get_route_table(route_table_id=table).routes:
            destination = IPv4Network(route.cidr_block or str(ANYWHERE))
            if destination.subnet_of(settings.pod_cidr) and destination not in own:
                target = route.network_interface_id or route.gateway_id or "what is neither"
                yield f"{destination} to {target} in {table}"


def _former(stack: str) -> str | None:
    """The routing that all nodes last settled in; until they have, one that a node was told."""
    settled = (word for word in WORDS if _vpcs(stack, f"{word} *"))
    told = (word for word in WORDS if _instances(stack, **{ROUTING: f"{word} *"}))
    return next(chain(settled, told), None)


def _vpcs(stack: str, settled: str | None = None) -> set[str]:
    """The VPCs of the stack; of those, the ones whose nodes have settled in this routing."""
    tags = {STACK: stack} | ({SETTLED: settled} if settled else {})
    return set(aws.ec2.get_vpcs(tags=tags).ids)


def _instances(stack: str, image_id: str | None = None, **tags: str) -> set[str]:
    """The addresses of the stack's instances with these tags and this image."""
    found = aws.ec2.get_instances(
        instance_tags={STACK: stack, **tags},
        instance_state_names=THERE,
        filters=[{"name": "image-id", "values": [image_id]}] if image_id else None,
    )
    return set(found.private_ips)
