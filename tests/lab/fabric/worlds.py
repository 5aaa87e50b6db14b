"""A small world to begin with, and ways to say what is different in it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from podnet.world.model import (
    Eni,
    Gateway,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Vpc,
    World,
)

ANYWHERE = IPv4Network("0.0.0.0/0")
PODS = IPv4Network("10.1.0.0/16")
POD = {
    "a1": IPv4Address("10.1.1.5"),
    "a2": IPv4Address("10.1.2.5"),
    "a3": IPv4Address("10.1.3.5"),
    "b1": IPv4Address("10.1.4.5"),
}


def eni_id(name: str, vpc: int = 1) -> str:
    return f"eni-{vpc:04x}{name.encode().hex()}"


def rule(
    *,
    egress: bool = False,
    protocol: str = "-1",
    ports: tuple[int, int] | None = None,
    peer: IPv4Network | str = ANYWHERE,
) -> SecurityRule:
    first, last = ports or (None, None)
    return SecurityRule(
        id=f"sgr-{egress}-{protocol}-{ports}-{peer}",
        egress=egress,
        protocol=protocol,
        from_port=first,
        to_port=last,
        peer=peer,
    )


ALL_IN, ALL_OUT = rule(), rule(egress=True)


def world(number: int = 1, *, check: bool = False) -> World:
    """A VPC with subnets a (a1, a2, a3) and b (b1), one open group, a gateway, one main table."""
    vpc = Vpc(id=f"vpc-{number:08x}", cidr=IPv4Network("192.168.0.0/16"))
    subnets = {
        name: Subnet(
            id=f"subnet-{number:04x}{index:04x}",
            vpc_id=vpc.id,
            zone=name,
            cidr=IPv4Network(f"192.168.{index}.0/24"),
        )
        for index, name in enumerate("ab", 1)
    }
    enis = tuple(
        Eni(
            id=eni_id(name, number),
            vpc_id=vpc.id,
            subnet_id=subnets[name[0]].id,
            mac=f"02:00:00:{number:02x}:{subnets[name[0]].cidr[0].packed[2]:02x}:0{name[1]}",
            address=subnets[name[0]].cidr[10 + int(name[1])],
            public_address=IPv4Address(f"54.0.{number}.{index}"),
            source_dest_check=check,
            group_ids=(f"sg-{number:08x}",),
            instance_id=None,
        )
        for index, name in enumerate(("a1", "a2", "a3", "b1"), 1)
    )
    gateway = Gateway(id=f"igw-{number:08x}", vpc_id=vpc.id)
    group = SecurityGroup(
        id=f"sg-{number:08x}", vpc_id=vpc.id, name="open", rules=(ALL_IN, ALL_OUT)
    )
    table = RouteTable(
        id=f"rtb-{number:08x}",
        vpc_id=vpc.id,
        main=True,
        routes=(Route(destination=ANYWHERE, target=gateway.id),),
    )
    return World(
        vpcs=(vpc,),
        subnets=tuple(subnets.values()),
        route_tables=(table,),
        gateways=(gateway,),
        security_groups=(group,),
        enis=enis,
    )


def both(one: World, two: World) -> World:
    """Two worlds in one."""
    return World(
        **{
            name: getattr(one, name) + getattr(two, name)
            for name in ("vpcs", "subnets", "route_tables", "gateways", "security_groups", "enis")
        }
    )


def with_eni(before: World, name: str, **changes: object) -> World:
    """The world with one interface changed."""
    return replace(
        before,
        enis=tuple(
            replace(eni, **changes) if eni.id == eni_id(name) else eni for eni in before.enis
        ),
    )


def without_eni(before: World, name: str) -> World:
    return replace(before, enis=tuple(eni for eni in before.enis if eni.id != eni_id(name)))


def with_routes(before: World, **targets: str) -> World:
    """The world with these routes added to the main table, written as `a2="10.1.2.0/24"`."""
    table = before.route_tables[0]
    routes = tuple(
        Route(destination=IPv4Network(destination), target=eni_id(name))
        for name, destination in targets.items()
    )
    return replace(
        before,
        route_tables=(replace(table, routes=table.routes + routes), *before.route_tables[1:]),
    )


def with_groups(before: World, **members: tuple[SecurityRule, ...]) -> World:
    """The world in which each named interface has one group of its own, with these rules."""
    after = before
    for name, rules in members.items():
        group = SecurityGroup(id=group_of(name), vpc_id="vpc-00000001", name=name, rules=rules)
        after = replace(
            with_eni(after, name, group_ids=(group.id,)),
            security_groups=(*after.security_groups, group),
        )
    return after


def group_of(name: str) -> str:
    return f"sg-own-{name}"
