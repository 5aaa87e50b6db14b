"""The settings of a stack as a plain record, and what follows from them.

`config.load` reads and checks them; a record made by hand may break any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from podnet.plan import flannel, parsing
from podnet.plan.address import AddressPlan
from podnet.plan.kubernetes import VERSION, Kubernetes
from podnet.plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink

VPC = IPv4Network("192.168.1.0/24")
PODS = IPv4Network("10.1.0.0/16")
SERVICES = IPv4Network("10.96.0.0/12")


class Fabric(StrEnum):
    """Kind of network that the nodes' subnets are."""

    VPC = "vpc"
    SWITCH = "switch"
    """Plain learning switches; only a lab has them."""


PARSER = "parser"
"""Key of a field's metadata: the function from raw text to the field's value."""


def _read_by(parser: Callable[[str], object]) -> Mapping[str, object]:
    return {PARSER: parser}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one stack. Each field carries the parser of its raw text."""

    vpc_cidr: IPv4Network = field(default=VPC, metadata=_read_by(parsing.cidr))
    pod_cidr: IPv4Network = field(default=PODS, metadata=_read_by(parsing.cidr))
    pod_block_prefix: int = field(default=24, metadata=_read_by(parsing.integer))
    service_cidr: IPv4Network = field(default=SERVICES, metadata=_read_by(parsing.cidr))
    routing: RoutingMode = field(
        default=RoutingMode.VPC_ROUTES, metadata=_read_by(parsing.one_of(RoutingMode))
    )
    encapsulation: Encapsulation = field(
        default=Encapsulation.VXLAN, metadata=_read_by(parsing.one_of(Encapsulation))
    )
    vni: int = field(default=1, metadata=_read_by(parsing.integer))
    vxlan_port: int = field(default=8472, metadata=_read_by(parsing.integer))
    checksum_offload: bool = field(default=True, metadata=_read_by(parsing.boolean))
    cross_zone_only: bool = field(default=False, metadata=_read_by(parsing.boolean))
    uplink: Uplink = field(default=Uplink.VXLAN, metadata=_read_by(parsing.one_of(Uplink)))
    fabric: Fabric = field(default=Fabric.VPC, metadata=_read_by(parsing.one_of(Fabric)))
    kubernetes: Kubernetes = field(
        default=Kubernetes.NONE, metadata=_read_by(parsing.one_of(Kubernetes))
    )
    kubernetes_version: str = field(default=VERSION, metadata=_read_by(parsing.kubernetes_version))
    cluster_timeout_seconds: int = field(default=900, metadata=_read_by(parsing.integer))
    node_port_cidrs: tuple[IPv4Network, ...] = field(default=(), metadata=_read_by(parsing.cidrs))
    flannel_backend: FlannelBackend = field(
        default=FlannelBackend.VXLAN, metadata=_read_by(parsing.one_of(FlannelBackend))
    )
    flannel_direct_routing: bool = field(default=False, metadata=_read_by(parsing.boolean))
    flannel_image: str = field(default=flannel.IMAGE, metadata=_read_by(parsing.pinned_image))
    flannel_plugin_image: str = field(
        default=flannel.PLUGIN_IMAGE, metadata=_read_by(parsing.pinned_image)
    )
    zones: int = field(default=1, metadata=_read_by(parsing.integer))
    node_count: int = field(default=2, metadata=_read_by(parsing.integer))
    max_nodes: int = field(default=250, metadata=_read_by(parsing.integer))
    instance_type: str = field(default="t3.small", metadata=_read_by(parsing.instance_type))
    image_id: str | None = field(default=None, metadata=_read_by(parsing.image_id))
    tags: Mapping[str, str] = field(default_factory=dict, metadata=_read_by(parsing.tags))
    key_name: str | None = field(default=None, metadata=_read_by(parsing.key_name))
    admin_cidrs: tuple[IPv4Network, ...] = field(default=(), metadata=_read_by(parsing.admin_cidrs))
    session_manager: bool = field(default=True, metadata=_read_by(parsing.boolean))
    ignore_route_quota: bool = field(default=False, metadata=_read_by(parsing.boolean))
    roll: tuple[str, ...] = field(default=(), metadata=_read_by(parsing.node_names))
    switch_wait_seconds: int = field(default=30, metadata=_read_by(parsing.integer))

    @property
    def addresses(self) -> AddressPlan:
        """The address rule with this stack's numbers."""
        return AddressPlan(self.vpc_cidr, self.pod_cidr, self.pod_block_prefix, self.zones)

    @property
    def node_routing(self) -> Routing:
        """Routing assigned to every node, in a tag that may change while the node runs."""
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
        """Whether the route tables of the VPC hold routes to pods."""
        return self.routing is RoutingMode.VPC_ROUTES

    @property
    def has_cluster(self) -> bool:
        """Whether the nodes form a Kubernetes cluster."""
        return self.kubernetes is Kubernetes.KUBEADM

    @property
    def fingerprint(self) -> str:
        """One line that changes exactly when every node must be replaced.

        It holds the numbers of the address rule and, with a cluster, what the cluster cannot
        change later.
        """
        rule = f"{self.vpc_cidr} {self.pod_cidr} /{self.pod_block_prefix} zones={self.zones}"
        return f"{rule} {self.kubernetes} {self.service_cidr}" if self.has_cluster else rule
