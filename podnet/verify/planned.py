"""The VPC and the nodes that settings give, before any of it exists."""

from __future__ import annotations

from ipaddress import IPv4Address

from podnet.plan.firewall import ANYWHERE, Rule, egress, ingress
from podnet.plan.nodes import Node as PlannedNode
from podnet.plan.nodes import planned_nodes, planned_zones, secondary_ranges
from podnet.plan.settings import Settings
from podnet.verify.node import Node
from podnet.verify.proof import Proof, prove
from podnet.verify.vpc import Cloud
from podnet.world.model import (
    Eni,
    Gateway,
    Instance,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Vpc,
    World,
)

VPC, GATEWAY, GROUP, MAIN = "the VPC", "the internet gateway", "the group of the nodes", "main"
PUBLIC = IPv4Address("198.51.100.1")
"""Stands for each public address, which AWS chooses (RFC 5737)."""


def world(settings: Settings) -> World:
    """The resources as the program makes them, with names in place of ids."""
    nodes, zones = planned_nodes(settings), planned_zones(settings)
    rules = [
        *(_rule(key, rule, egress=False) for key, rule in ingress(settings).items()),
        *(_rule(key, rule, egress=True) for key, rule in egress().items()),
    ]
    routes = [Route(destination=ANYWHERE, target=GATEWAY)]
    if settings.routes_in_vpc:
        routes += [Route(destination=node.block, target=_interface(node)) for node in nodes]
    secondary = tuple(zone.subnet for zone in secondary_ranges(settings))
    return World(
        vpcs=(Vpc(id=VPC, cidr=settings.vpc_cidr, secondary=secondary),),
        subnets=tuple(
            Subnet(id=f"subnet {zone.name}", vpc_id=VPC, cidr=zone.subnet, zone=zone.name)
            for zone in zones
        ),
        route_tables=(
            RouteTable(id=MAIN, vpc_id=VPC, main=True),
            *(
                RouteTable(
                    id=f"route table {zone.name}",
                    vpc_id=VPC,
                    main=False,
                    subnet_ids=(f"subnet {zone.name}",),
                    routes=tuple(routes),
                )
                for zone in zones
            ),
        ),
        gateways=(Gateway(id=GATEWAY, vpc_id=VPC),),
        security_groups=(SecurityGroup(id=GROUP, vpc_id=VPC, name=GROUP, rules=tuple(rules)),),
        enis=tuple(map(_eni, nodes)),
        instances=tuple(map(_instance, nodes)),
    )


def nodes(settings: Settings) -> tuple[Node, ...]:
    """The nodes with the routing that the settings assign."""
    return tuple(
        Node(planned.name, _eni(planned), settings.addresses, settings.node_routing)
        for planned in planned_nodes(settings)
    )


def proof(settings: Settings) -> Proof:
    """The proof of what settings give."""
    made = world(settings)
    return prove(Cloud(made, made.vpcs[0]), nodes(settings))


def _interface(node: PlannedNode) -> str:
    return f"the interface of {node.name}"


def _eni(node: PlannedNode) -> Eni:
    return Eni(
        id=_interface(node),
        vpc_id=VPC,
        subnet_id=f"subnet {node.zone.name}",
        mac="",
        address=node.address,
        public_address=PUBLIC,
        source_dest_check=False,
        group_ids=(GROUP,),
        instance_id=node.name,
    )


def _instance(node: PlannedNode) -> Instance:
    return Instance(
        id=node.name,
        state="running",
        eni_ids=(_interface(node),),
        image_id="",
        instance_type="",
        zone=node.zone.name,
        region="",
        account="",
        reservation_id="",
        launched="",
        private_name="",
        hop_limit=1,
        tokens_required=True,
        metadata_enabled=True,
        metadata_tags=True,
        profile_arn=None,
        profile_id=None,
        role=None,
    )


def _rule(key: str, rule: Rule, *, egress: bool) -> SecurityRule:
    return SecurityRule(
        id=key,
        egress=egress,
        protocol=rule.protocol,
        from_port=rule.from_port,
        to_port=rule.to_port,
        peer=GROUP if rule.peer is None else rule.peer,
    )
