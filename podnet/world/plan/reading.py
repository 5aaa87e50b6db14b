"""From the resources of a plan to the world that the deployment is to leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from podnet.world.model import (
    Eni,
    Gateway,
    Instance,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Unmodelled,
    Vpc,
    World,
)
from podnet.world.plan.file import UNKNOWN, Planned, of_types
from podnet.world.plan.instances import instance, tags_of
from podnet.world.plan.references import NotModelledError, References, network
from podnet.world.plan.types import (
    ACLS,
    ASSOCIATION,
    DEFAULT_GROUP,
    EGRESS,
    EXCLUSIVE,
    GATEWAY,
    GROUP,
    HARMLESS,
    INGRESS,
    INSTANCE,
    KINDS,
    NETWORKS,
    ONLY_BY_ROUTES,
    RANGE,
    READ,
    ROUTE,
    SUBNET,
    TABLE,
    TAG,
    VPC,
)

Part = TypeVar("Part")
Named = TypeVar("Named", Vpc, Subnet, RouteTable, Gateway, SecurityGroup, Eni, Instance)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedWorld:
    """The world, and what stands in the plan that it cannot say."""

    world: World
    unmodelled: tuple[str, ...]


def read(resources: tuple[Planned, ...]) -> PlannedWorld:
    """The world of a plan, with the names of resources in place of ids."""
    reader = _Reader(resources)
    found = reader.world()
    return PlannedWorld(world=found, unmodelled=tuple(dict.fromkeys(reader.unmodelled)))


class _Reader:
    def __init__(self, resources: tuple[Planned, ...]) -> None:
        self.resources = resources
        self.refs = References(resources)
        self.unmodelled: list[str] = []
        """What may treat any packet otherwise, in words."""
        self.odd: list[Unmodelled] = []
        """What treats some packets otherwise, or none."""

    def world(self) -> World:
        launched = [*self._each(self._launched, INSTANCE)]
        vpcs = [*self._vpcs()]
        subnets = _sorted(self._each(self._subnet, SUBNET))
        self._name_others([subnet.id for subnet in subnets])
        world = World(
            vpcs=_sorted(vpcs),
            subnets=subnets,
            route_tables=_sorted([*self._tables(), *map(_main, vpcs)]),
            gateways=_sorted(self._each(self._gateway, GATEWAY)),
            security_groups=_sorted(self._groups()),
            enis=_sorted(eni for _, eni in launched),
            instances=_sorted(one for one, _ in launched),
        )
        odd = tuple(sorted(dict.fromkeys(self.odd), key=attrgetter("id")))
        return replace(world, unmodelled=odd)

    def _name_others(self, subnets: list[str]) -> None:
        """Name the resources of networks that are not read, with what they touch."""
        for one in self.resources:
            if not one.type.startswith(NETWORKS) or one.type in READ | HARMLESS:
                continue
            if one.type.startswith(ACLS):
                self._odd(one.title, f"is an {one.type}", *subnets)
            elif one.type in ONLY_BY_ROUTES:
                self._odd(one.title, f"is an {one.type}")
            else:
                self.unmodelled.append(f"{one.title} is an {one.type}")

    def _odd(self, id_: str, what: str, *touches: str) -> None:
        self.odd.append(Unmodelled(id=id_, what=what, touches=tuple(sorted(touches))))

    def _each(self, make: Callable[[Planned], Part], *types: str) -> Iterator[Part]:
        for one in of_types(self.resources, *types):
            try:
                yield make(one)
            except NotModelledError as error:
                self.unmodelled.append(str(error))

    def _vpcs(self) -> Iterator[Vpc]:
        added = defaultdict(list)
        for vpc, cidr in self._each(
            lambda one: (self.refs.named(one, "vpcId", VPC), network(one, "cidrBlock")), RANGE
        ):
            added[vpc].append(cidr)
        for one, cidr in self._each(lambda one: (one, network(one, "cidrBlock")), VPC):
            name = self.refs.name(one)
            tags = MappingProxyType({**tags_of(one), **self._tags.get(one.urn, {})})
            yield Vpc(id=name, cidr=cidr, secondary=tuple(sorted(added[name])), tags=tags)

    def _subnet(self, one: Planned) -> Subnet:
        zone = one.known("availabilityZone")
        return Subnet(
            id=self.refs.name(one),
            vpc_id=self.refs.named(one, "vpcId", VPC),
            cidr=network(one, "cidrBlock"),
            zone=zone if isinstance(zone, str) else "",
        )

    def _gateway(self, one: Planned) -> Gateway:
        return Gateway(id=self.refs.name(one), vpc_id=self.refs.named(one, "vpcId", VPC))

    def _tables(self) -> Iterator[RouteTable]:
        subnets, routes = defaultdict(list), defaultdict(list)
        for table, subnet in self._each(self._association, ASSOCIATION):
            subnets[table].append(subnet)
        for table, route in filter(None, self._each(self._route, ROUTE)):
            routes[table].append(route)
        for one, vpc in self._each(lambda one: (one, self.refs.named(one, "vpcId", VPC)), TABLE):
            if "routes" in one.inputs:
                self._odd(
                    one.title,
                    "has routes of its own, and removes those that stand alone",
                    self.refs.name(one),
                )
            yield RouteTable(
                id=(name := self.refs.name(one)),
                vpc_id=vpc,
                main=False,
                subnet_ids=tuple(sorted(subnets[name])),
                routes=tuple(sorted(routes[name], key=attrgetter("destination"))),
            )

    def _association(self, one: Planned) -> tuple[str, str]:
        table = self.refs.named(one, "routeTableId", TABLE)
        return table, self.refs.named(one, "subnetId", SUBNET)

    def _route(self, one: Planned) -> tuple[str, Route] | None:
        if one.inputs.get("destinationIpv6CidrBlock"):
            return None  # no packet of IPv4 takes it
        table = self.refs.named(one, "routeTableId", TABLE)
        return table, Route(
            destination=network(one, "destinationCidrBlock"), target=self._target(one)
        )

    def _target(self, one: Planned) -> str:
        if one.inputs.get("gatewayId"):
            return self.refs.named(one, "gatewayId", GATEWAY)
        interface = one.inputs.get("networkInterfaceId")
        if not interface:
            target = f"the target of {one.title}"
            self._odd(one.title, "leads to no interface and no internet gateway", target)
            return target
        if interface == UNKNOWN:
            return self.refs.interface(self.refs.required(one, "networkInterfaceId", INSTANCE))
        if known := self.refs.instance_with(str(interface)):
            return self.refs.interface(known)
        self._odd(one.title, f"leads to {interface}, which is not in the plan", str(interface))
        return str(interface)

    def _groups(self) -> Iterator[SecurityGroup]:
        kept = dict(self._each(self._kept, EXCLUSIVE))
        rules = defaultdict(list)
        for group, rule in filter(None, self._each(self._rule, INGRESS, EGRESS)):
            if group not in kept or rule.id in kept[group]:
                rules[group].append(rule)
        types = GROUP, DEFAULT_GROUP
        for one, vpc in self._each(lambda one: (one, self.refs.named(one, "vpcId", VPC)), *types):
            if one.inputs.get("ingress") or one.inputs.get("egress"):
                self.unmodelled.append(
                    f"{one.title}: it has rules of its own, and removes those that stand alone"
                )
            yield SecurityGroup(
                id=(name := self.refs.name(one)),
                vpc_id=vpc,
                name=one.name,
                rules=tuple(sorted(rules[name], key=attrgetter("id"))),
            )

    def _kept(self, one: Planned) -> tuple[str, set[str]]:
        """A group, and the rules that are left in it: all others are revoked."""
        lists = (("ingressRuleIds", INGRESS), ("egressRuleIds", EGRESS))
        kept = {
            self.refs.name(rule)
            for name, type_ in lists
            for rule in self.refs.many(one, name, type_)
            if isinstance(rule, Planned)
        }
        return self.refs.named(one, "securityGroupId", GROUP), kept

    def _rule(self, one: Planned) -> tuple[str, SecurityRule] | None:
        if one.inputs.get("cidrIpv6"):
            return None  # it lets no packet of IPv4 pass
        group = self.refs.named(one, "securityGroupId", GROUP, DEFAULT_GROUP)
        if one.inputs.get("cidrIpv4"):
            peer: Any = network(one, "cidrIpv4")
        else:
            peer = self.refs.named(one, "referencedSecurityGroupId", GROUP, DEFAULT_GROUP)
        return group, SecurityRule(
            id=self.refs.name(one),
            egress=one.type == EGRESS,
            protocol=str(one.inputs.get("ipProtocol")),
            from_port=_port(one, "fromPort"),
            to_port=_port(one, "toPort"),
            peer=peer,
        )

    def _launched(self, one: Planned) -> tuple[Instance, Eni]:
        made, eni, others = instance(one, self.refs, self._tags.get(one.urn, {}))
        for group in others:
            self._odd(f"security group {group}", "is not in the plan, nor are its rules", group)
        return made, eni

    @cached_property
    def _tags(self) -> Mapping[str, Mapping[str, str]]:
        """The tags that stand alone, by the URN of what has them."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for holder, one in self._each(self._tag, TAG):
            if isinstance(holder, Planned):
                found[holder.urn][str(one.inputs.get("key"))] = str(one.inputs.get("value"))
        return found

    def _tag(self, one: Planned) -> tuple[Planned | str | None, Planned]:
        return self.refs.one(one, "resourceId", *KINDS), one


def _main(vpc: Vpc) -> RouteTable:
    """The table of the subnets that are associated with none; it comes with the VPC."""
    return RouteTable(id=f"main route table of {vpc.id}", vpc_id=vpc.id, main=True)


def _port(one: Planned, name: str) -> int | None:
    value = one.inputs.get(name)
    return int(value) if isinstance(value, int | float) else None


def _sorted(parts: Iterator[Named] | list[Named]) -> tuple[Named, ...]:
    return tuple(sorted(parts, key=attrgetter("id")))
