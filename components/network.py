"""The VPC: its internet gateway and, in each zone, a subnet and a route table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from podnet.components.tags import named, path
from podnet.components.zones import Offering
from podnet.errors import UserError
from podnet.plan.firewall import ANYWHERE
from podnet.plan.nodes import Node, Zone, listed
from podnet.plan.tags import NODES, POD_ROUTES, SETTLED, STACK


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """Arguments of `Network`."""

    vpc_cidr: IPv4Network
    """The range of the VPC."""
    zones: tuple[Zone, ...]
    """The zones, with the subnet of each and its node range."""
    instance_type: str
    """The type of the nodes, which AWS does not offer in every zone."""
    vpcs: Collection[str]
    """The VPCs of this stack and range that nodes are in, whichever state has them."""
    tags: Mapping[str, str]
    """Tags of every resource."""
    nodes: tuple[Node, ...]
    """The nodes of the stack, by which `podnet verify` knows who must be there."""
    zone_names: tuple[str, ...] = ()
    """How AWS names each zone; empty for the first zones that offer the type."""


class Network(pulumi.ComponentResource):
    """A VPC whose subnets reach the internet; pod routes are added from outside."""

    vpc: aws.ec2.Vpc
    """The VPC."""
    vpc_id: pulumi.Output[str]
    """Its id."""
    subnet_ids: Mapping[str, pulumi.Output[str]]
    """The subnet of each zone, by the letter of the zone."""
    route_table_ids: Mapping[str, pulumi.Output[str]]
    """The route table of each zone, by the letter of the zone."""
    zone_names: Mapping[str, pulumi.Output[str]]
    """How AWS names each zone, by the letter of the zone."""

    def __init__(
        self,
        name: str,
        args: NetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._tags = args.tags
        self.vpc = vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(args.vpc_cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named(args.tags, "vpc", **{NODES: listed(args.nodes)}),
            # Separate tags record the applied routing and that there are routes to pods; the VPC
            # resource must not remove them.
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=[path(SETTLED), path(POD_ROUTES)],
                hooks=pulumi.ResourceHookBinding(before_create=[_only_vpc(name, args.vpcs)]),
            ),
        )
        self.vpc_id = vpc.id
        # The default group comes with the VPC and lets its members talk; nothing here uses it.
        # Empty lists, not absent ones: only then is a rule that somebody adds seen as a change.
        aws.ec2.DefaultSecurityGroup(
            name,
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(args.tags, "default-closed"),
            opts=child,
        )
        gateway = aws.ec2.InternetGateway(
            name, vpc_id=vpc.id, tags=named(args.tags, "internet"), opts=child
        )
        offering = Offering.of(args.instance_type, args.zone_names, self)
        self._ranges = {
            zone.name: self._secondary_range(zone)
            for zone in args.zones
            if not zone.subnet.subnet_of(args.vpc_cidr)
        }
        subnets = {zone.name: self._subnet(zone, offering) for zone in args.zones}
        for zone in args.zones:
            self._reserve(zone, subnets[zone.name])
        tables = {
            zone.name: self._route_table(zone, subnets[zone.name], gateway) for zone in args.zones
        }
        self.subnet_ids = {zone: subnet.id for zone, subnet in subnets.items()}
        self.zone_names = {zone: subnet.availability_zone for zone, subnet in subnets.items()}
        offering.warn_of(self.zone_names)
        self.route_table_ids = {zone: table.id for zone, table in tables.items()}
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "subnetIds": self.subnet_ids,
                "routeTableIds": self.route_table_ids,
                "zoneNames": self.zone_names,
            }
        )

    def _secondary_range(self, zone: Zone) -> aws.ec2.VpcIpv4CidrBlockAssociation:
        return aws.ec2.VpcIpv4CidrBlockAssociation(
            f"{self.pulumi_resource_name}-{zone.name}",
            vpc_id=self.vpc_id,
            cidr_block=str(zone.subnet),
            opts=pulumi.ResourceOptions(
                # Ranges of one VPC may not overlap.
                parent=self,
                delete_before_replace=True,
            ),
        )

    def _reserve(self, zone: Zone, subnet: aws.ec2.Subnet) -> aws.ec2.SubnetCidrReservation:
        """Keep the node range: AWS gives none of its addresses to whoever asks for any."""
        return aws.ec2.SubnetCidrReservation(
            f"{self.pulumi_resource_name}-{zone.name}",
            subnet_id=subnet.id,
            cidr_block=str(zone.nodes),
            reservation_type="explicit",
            # Reservations of one VPC may not overlap (VPC User Guide, "Subnet CIDR reservations").
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _subnet(self, zone: Zone, offering: Offering) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self.pulumi_resource_name}-{zone.name}",
            vpc_id=self.vpc_id,
            cidr_block=str(zone.subnet),
            availability_zone=offering.name_of(zone),
            tags=named(self._tags, zone.name),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[self._ranges[zone.name]] if zone.name in self._ranges else [],
                # Subnets of one VPC may not overlap, not even for the time of a replacement.
                delete_before_replace=True,
                # The zones on offer change by themselves; a subnet must not move for that.
                ignore_changes=["availability_zone"],
            ),
        )

    def _route_table(
        self,
        zone: Zone,
        subnet: aws.ec2.Subnet,
        gateway: aws.ec2.InternetGateway,
    ) -> aws.ec2.RouteTable:
        # Routes stand alone: a table with routes of its own removes all others from itself.
        child = pulumi.ResourceOptions(parent=self)
        name = f"{self.pulumi_resource_name}-{zone.name}"
        table = aws.ec2.RouteTable(
            name, vpc_id=self.vpc_id, tags=named(self._tags, zone.name), opts=child
        )
        aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=table.id, opts=child
        )
        aws.ec2.Route(
            f"{name}-internet",
            route_table_id=table.id,
            destination_cidr_block=str(ANYWHERE),
            gateway_id=gateway.id,
            opts=child,
        )
        return table


def _only_vpc(name: str, vpcs: Collection[str]) -> pulumi.ResourceHook:
    """A hook that keeps a second state from making the stack twice in one account.

    Both would find each other's nodes by the tags of the stack. Only the engine knows what
    a state has, and a creation is what shows that a VPC is not in it. One that is replaced, which
    a change of its range alone brings about, has another range.
    """

    def refuse_another(args: pulumi.ResourceHookArgs) -> None:
        if vpcs:
            raise UserError(
                f"{', '.join(sorted(vpcs))} has nodes with this stack's tag {STACK}, and the state "
                f"of this deployment does not have it: another state deploys a stack of this name "
                f"into the account and region, or the state was lost. {args.name} was not created; "
                f"log in to the backend of that state or put the state back, deploy a stack of "
                f"another name, or destroy the other one first",
                rule="vpc-in-another-state",
            )

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHook(f"{name}-only-vpc", refuse_another, options)
