"""The VPC: its internet gateway and, in each zone, a subnet and a route table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from podnet.components.tags import named, path
from podnet.components.zones import Offering
from podnet.plan.firewall import ANYWHERE
from podnet.plan.nodes import Zone
from podnet.plan.tags import PROJECT, SETTLED


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    """Arguments of `Network`."""

    vpc_cidr: IPv4Network
    """The range of the VPC."""
    zones: tuple[Zone, ...]
    """The zones and the subnet of each."""
    instance_type: str
    """The type of the nodes, which AWS does not offer in every zone."""
    tags: Mapping[str, str]
    """Tags of every resource."""


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
            tags=named(args.tags, "vpc", **{PROJECT: pulumi.get_project()}),
            # A separate tag records the applied routing; the VPC resource must not remove it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[path(SETTLED)]),
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
        offering = Offering.of(args.instance_type, self)
        subnets = {zone.name: self._subnet(zone, offering) for zone in args.zones}
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

    def _subnet(self, zone: Zone, offering: Offering) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self.pulumi_resource_name}-{zone.name}",
            vpc_id=self.vpc_id,
            cidr_block=str(zone.subnet),
            availability_zone=offering.name_of(zone),
            tags=named(self._tags, zone.name),
            opts=pulumi.ResourceOptions(
                parent=self,
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
