"""The settings of a stack as values, whether they keep the rules or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from plan import flannel
from plan.address import AddressPlan
from plan.kubernetes import VERSION, Kubernetes
from plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink

VPC = IPv4Network("192.168.1.0/24")
PODS = IPv4Network("10.1.0.0/16")
SERVICES = IPv4Network("10.96.0.0/12")


class Fabric(StrEnum):
    """What the nodes' subnets are."""

    VPC = "vpc"
    SWITCH = "switch"
    """Plain learning switches; only a lab has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """The values of one stack's settings, and what follows from them."""

    vpc_cidr: IPv4Network = VPC
    pod_cidr: IPv4Network = PODS
    pod_block_prefix: int = 24
    service_cidr: IPv4Network = SERVICES
    routing: RoutingMode = RoutingMode.VPC_ROUTES
    encapsulation: Encapsulation = Encapsulation.VXLAN
    vni: int = 1
    vxlan_port: int = 8472
    checksum_offload: bool = True
    cross_zone_only: bool = False
    uplink: Uplink = Uplink.VXLAN
    fabric: Fabric = Fabric.VPC
    kubernetes: Kubernetes = Kubernetes.NONE
    kubernetes_version: str = VERSION
    cluster_timeout_seconds: int = 900
    node_port_cidrs: tuple[IPv4Network, ...] = ()
    flannel_backend: FlannelBackend = FlannelBackend.VXLAN
    flannel_direct_routing: bool = False
    flannel_image: str = flannel.IMAGE
    flannel_plugin_image: str = flannel.PLUGIN_IMAGE
    zones: int = 1
    node_count: int = 2
    max_nodes: int = 250
    instance_type: str = "t3.small"
    image_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    admin_cidrs: tuple[IPv4Network, ...] = ()
    session_manager: bool = True
    ignore_route_quota: bool = False
    roll: tuple[str, ...] = ()

    @property
    def addresses(self) -> AddressPlan:
        """The address rule with this stack's numbers."""
        return AddressPlan(self.vpc_cidr, self.pod_cidr, self.pod_block_prefix, self.zones)

    @property
    def node_routing(self) -> Routing:
        """What every node is told of its routing, in a tag that may change while it runs."""
        return Routing(
            mode=self.routing,
            max_nodes=self.max_nodes,
            vni=self.vni,
            port=self.vxlan_port,
            cross_zone_only=self.cross_zone_only,
            uplink=self.uplink,
            flannel_backend=self.flannel_backend,
            flannel_direct=self.flannel_direct_routing,
            checksum_offload=self.checksum_offload,
        )

    @property
    def routes_in_vpc(self) -> bool:
        """Whether the VPC's own route tables lead to pods."""
        return self.routing is RoutingMode.VPC_ROUTES

    @property
    def has_cluster(self) -> bool:
        """Whether the nodes are made into a cluster."""
        return self.kubernetes is Kubernetes.KUBEADM

    @property
    def network(self) -> str:
        """What a node is made for, in a line; with another line it is made anew.

        The numbers of the address rule, and where there is a cluster, what it is made with once
        and for all.
        """
        rule = f"{self.vpc_cidr} {self.pod_cidr} /{self.pod_block_prefix} zones={self.zones}"
        return f"{rule} {self.kubernetes} {self.service_cidr}" if self.has_cluster else rule
