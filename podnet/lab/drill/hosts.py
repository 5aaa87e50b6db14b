"""Hosts of a stack's VPC that are not its nodes, made as another tool would make them."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from secrets import token_hex
from typing import Self

from podnet.errors import UserError
from podnet.lab.clients import Client, Item
from podnet.lab.cloud import lifecycle
from podnet.lab.cloud.fabric import Fabric
from podnet.lab.home import Home
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings
from podnet.probe import Endpoint
from podnet.system.commands import run
from podnet.system.netns import NAMESPACES

NAME = "drill-neighbours"
"""Name or description of all that is made, by which what an earlier drill left is found."""
MTU = 9001
RANGES = IPv4Network("100.64.0.0/10")
"""A part of it can be added to any VPC (VPC User Guide, "VPC CIDR blocks")."""
SMALLEST = 28
HOST = 4
"""The first address of a subnet that is not AWS's own."""


class Place(StrEnum):
    """Where a host is."""

    SUBNET = "subnet"
    """In the subnet of zone a, outside of the node range."""
    NODE_RANGE = "node range"
    """At an address of the node range that no node has."""
    ELSEWHERE = "elsewhere"
    """In a subnet of the VPC that is none of the stack's."""


class Hosts:
    """One host in each place, while the block of a `with` runs.

    Each is a network interface that no instance has, in whose namespace the drill answers. On AWS
    it would carry nothing; the lab's fabric makes no difference.
    """

    def __init__(self, home: Home, ec2: Client, vpc: str, settings: Settings) -> None:
        self._home, self._ec2, self._vpc, self._settings = home, ec2, vpc, settings
        self._endpoints: dict[Place, Endpoint] = {}
        self.nodes_group = ""
        """The security group by which nodes let these hosts in."""

    def __enter__(self) -> Self:
        self.remove()
        try:
            self._make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __getitem__(self, place: Place) -> Endpoint:
        """The host of this place."""
        return self._endpoints[place]

    def remove(self) -> None:
        """Delete all of it, and what a drill left that was killed, but for what nodes still use."""
        mine = [
            {"Name": "vpc-id", "Values": [self._vpc]},
            {"Name": "description", "Values": [NAME]},
        ]
        found = self._ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]
        for interface in found:
            self._ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
        for group in self._ec2.describe_security_groups(Filters=mine)["SecurityGroups"]:
            # Nodes have it until a deployment has taken it from them.
            with suppress(self._ec2.exceptions.ClientError):
                self._ec2.delete_security_group(GroupId=group["GroupId"])
        for subnet in self._subnets("tag:Name", NAME):
            self._ec2.delete_subnet(SubnetId=subnet["SubnetId"])
            association = self._ranges()[IPv4Network(subnet["CidrBlock"])]
            self._ec2.disassociate_vpc_cidr_block(AssociationId=association)

    def _make(self) -> None:
        inside = planned_zones(self._settings)[0].subnet
        (subnet,) = self._subnets("cidr-block", str(inside))
        addresses = {
            **{place: (subnet["SubnetId"], one) for place, one in beside(self._settings).items()},
            Place.ELSEWHERE: self._elsewhere(),
        }
        open_to_all = self._group("hosts", ["0.0.0.0/0"])
        self.nodes_group = self._group(
            "nodes", [f"{address}/32" for _, address in addresses.values()]
        )
        for place, (subnet_id, address) in addresses.items():
            interface = self._ec2.create_network_interface(
                SubnetId=subnet_id,
                PrivateIpAddress=str(address),
                Groups=[open_to_all],
                Description=NAME,
            )["NetworkInterface"]["NetworkInterfaceId"]
            self._endpoints[place] = Endpoint(
                kind="host",
                name=str(place),
                node="",
                address=address,
                netns=NAMESPACES / Fabric(self._home).port(interface),
                mtu=MTU,
            )
        lifecycle.wait_until_applied(self._home)
        for endpoint in self._endpoints.values():
            self._configure(endpoint)

    def _configure(self, endpoint: Endpoint) -> None:
        """Do what DHCP does in an instance."""
        prefix = (
            SMALLEST if endpoint.name == Place.ELSEWHERE else self._settings.addresses.subnet_prefix
        )
        subnet = IPv4Network((endpoint.address, prefix), strict=False)
        commands = (
            f"link set eth0 mtu {MTU} up",
            f"address add {endpoint.address}/{prefix} dev eth0",
            f"route add default via {subnet[1]}",
        )
        run("ip", "-n", endpoint.netns.name, "-batch", "-", stdin="\n".join(commands) + "\n")

    def _elsewhere(self) -> tuple[str, IPv4Address]:
        """A subnet in a range that is added to the VPC, with the main route table."""
        taken = [*self._ranges(), self._settings.pod_cidr]
        added = next(
            one
            for one in RANGES.subnets(new_prefix=SMALLEST)
            if not any(one.overlaps(other) for other in taken)
        )
        self._ec2.associate_vpc_cidr_block(VpcId=self._vpc, CidrBlock=str(added))
        subnet = self._ec2.create_subnet(
            VpcId=self._vpc,
            CidrBlock=str(added),
            TagSpecifications=[
                {"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": NAME}]}
            ],
        )["Subnet"]
        return subnet["SubnetId"], added[HOST]

    def _group(self, role: str, ranges: list[str]) -> str:
        group: str = self._ec2.create_security_group(
            VpcId=self._vpc, GroupName=f"{NAME}-{role}-{token_hex(3)}", Description=NAME
        )["GroupId"]
        self._ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": one} for one in ranges]}],
        )
        return group

    def _subnets(self, name: str, value: str) -> list[Item]:
        filters = [{"Name": "vpc-id", "Values": [self._vpc]}, {"Name": name, "Values": [value]}]
        found: list[Item] = self._ec2.describe_subnets(Filters=filters)["Subnets"]
        return found

    def _ranges(self) -> dict[IPv4Network, str]:
        """The association of each range of the VPC."""
        (vpc,) = self._ec2.describe_vpcs(VpcIds=[self._vpc])["Vpcs"]
        return {
            IPv4Network(each["CidrBlock"]): each["AssociationId"]
            for each in vpc["CidrBlockAssociationSet"]
            if each["CidrBlockState"]["State"] == "associated"
        }


def beside(settings: Settings) -> dict[Place, IPv4Address]:
    """The last free address of zone a outside of its node range, and the last one in it."""
    zone = planned_zones(settings)[0]
    if zone.nodes == zone.subnet:
        raise UserError(
            f"the node range {zone.nodes} is the whole subnet, which has no address for anybody "
            "else; the drill needs a longer nodeRangePrefix",
            rule="drill-no-neighbours",
        )
    taken = {node.address for node in planned_nodes(settings)}
    # The last address of a subnet is AWS's.
    *_, free = (address for address in zone.nodes if address not in taken)
    return {Place.SUBNET: zone.subnet[-2], Place.NODE_RANGE: free}
