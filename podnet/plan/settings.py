"""The settings of a stack as a plain record, and what follows from them.

`config.load` reads and checks them; a record made by hand may break any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network

from podnet.plan import (
    access,
    cloud_config,
    flannel,
    kube_router,
    other_cnis,  # noqa: F401  # adds its variants
    parsing,
    shape,
)
from podnet.plan.address import AddressPlan
from podnet.plan.cni import PRESETS, Cni, Preset
from podnet.plan.cni.calico import CalicoEncapsulation
from podnet.plan.flow_logs import LoggedFlows, retention_days
from podnet.plan.kubernetes import VERSION, Kubernetes
from podnet.plan.network_policy import KUBE_NETWORK_POLICIES
from podnet.plan.policy_objects import Engine
from podnet.plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink
from podnet.plan.shape import RootVolume

VPC = IPv4Network("192.168.1.0/24")
PODS = IPv4Network("10.1.0.0/16")
SERVICES = IPv4Network("10.96.0.0/12")


class Unproved(StrEnum):
    """What becomes of a deployment that is not proved on paper."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Fabric(StrEnum):
    """Kind of network that the nodes' subnets are."""

    VPC = "vpc"
    SWITCH = "switch"
    """Plain learning switches; only a lab has them."""


class FirewallRules(StrEnum):
    """Whose rules the nodes' security group has."""

    EXCLUSIVE = "exclusive"
    """podnet's own; all others are revoked."""
    SHARED = "shared"
    """Anybody's; podnet changes and deletes its own alone."""


PARSER = "parser"
"""Key of a field's metadata: the function from raw text to the field's value."""


def _read_by(parser: Callable[[str], object]) -> Mapping[str, object]:
    return {PARSER: parser}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one stack. Each field carries the parser of its raw text."""

    vpc_cidr: IPv4Network = field(default=VPC, metadata=_read_by(parsing.cidr))
    subnet_prefix: int = field(default=0, metadata=_read_by(parsing.integer))
    """0 stands for that of `vpc_cidr`."""
    node_range_prefix: int = field(default=26, metadata=_read_by(parsing.integer))
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
    unmasqueraded_cidrs: tuple[IPv4Network, ...] = field(
        default=(), metadata=_read_by(parsing.cidrs)
    )
    uplink: Uplink = field(default=Uplink.VXLAN, metadata=_read_by(parsing.one_of(Uplink)))
    fabric: Fabric = field(default=Fabric.VPC, metadata=_read_by(parsing.one_of(Fabric)))
    kubernetes: Kubernetes = field(
        default=Kubernetes.NONE, metadata=_read_by(parsing.one_of(Kubernetes))
    )
    kubernetes_version: str = field(default=VERSION, metadata=_read_by(parsing.kubernetes_version))
    protect_control_plane: bool = field(default=True, metadata=_read_by(parsing.boolean))
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
    network_policy: Engine = field(default=Engine.NONE, metadata=_read_by(parsing.one_of(Engine)))
    kube_router_image: str | None = field(default=None, metadata=_read_by(kube_router.image))
    kube_network_policies_image: str = field(
        default=KUBE_NETWORK_POLICIES, metadata=_read_by(parsing.pinned_image)
    )
    cni: Cni = field(default=Cni.NONE, metadata=_read_by(parsing.one_of(Cni)))
    cni_image: str | None = field(default=None, metadata=_read_by(kube_router.image))
    calico_encapsulation: CalicoEncapsulation = field(
        default=CalicoEncapsulation.VXLAN, metadata=_read_by(parsing.one_of(CalicoEncapsulation))
    )
    zones: int = field(default=1, metadata=_read_by(parsing.integer))
    zone_names: tuple[str, ...] = field(default=(), metadata=_read_by(parsing.zone_names))
    node_count: int | tuple[int, ...] = field(default=2, metadata=_read_by(parsing.counts))
    """The number of nodes in every zone, or a number for each."""
    instance_type: str = field(default="t3.small", metadata=_read_by(parsing.instance_type))
    image_id: str | None = field(default=None, metadata=_read_by(parsing.image_id))
    tags: Mapping[str, str] = field(default_factory=dict, metadata=_read_by(parsing.tags))
    root_volume: RootVolume = field(
        default_factory=RootVolume, metadata=_read_by(shape.root_volume)
    )
    extra_user_data: Mapping[str, object] = field(
        default_factory=dict, metadata=_read_by(cloud_config.extra_user_data)
    )
    extra_policies: tuple[str, ...] = field(default=(), metadata=_read_by(shape.policies))
    firewall: FirewallRules = field(
        default=FirewallRules.EXCLUSIVE, metadata=_read_by(parsing.one_of(FirewallRules))
    )
    extra_security_groups: tuple[str, ...] = field(
        default=(), metadata=_read_by(shape.security_groups)
    )
    key_name: str | None = field(default=None, metadata=_read_by(parsing.key_name))
    ssh_keys: tuple[str, ...] = field(default=(), metadata=_read_by(access.ssh_keys))
    ssh_cidrs: tuple[IPv4Network, ...] = field(default=(), metadata=_read_by(access.cidrs("SSH")))
    api_cidrs: tuple[IPv4Network, ...] = field(
        default=(), metadata=_read_by(access.cidrs("the API server"))
    )
    session_manager: bool = field(default=True, metadata=_read_by(parsing.boolean))
    flow_logs: LoggedFlows = field(
        default=LoggedFlows.NONE, metadata=_read_by(parsing.one_of(LoggedFlows))
    )
    flow_log_retention_days: int = field(default=14, metadata=_read_by(retention_days))
    ignore_quotas: bool = field(default=False, metadata=_read_by(parsing.boolean))
    unproved: Unproved = field(default=Unproved.REFUSE, metadata=_read_by(parsing.one_of(Unproved)))
    roll: tuple[str, ...] = field(default=(), metadata=_read_by(parsing.node_names))
    settle_timeout: int = field(default=300, metadata=_read_by(parsing.integer))

    @property
    def addresses(self) -> AddressPlan:
        """The address rule with this stack's numbers."""
        return AddressPlan(
            self.vpc_cidr,
            self.pod_cidr,
            self.pod_block_prefix,
            self.subnet_prefix or self.vpc_cidr.prefixlen,
            self.node_range_prefix,
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of nodes in each zone."""
        count = self.node_count
        return count if isinstance(count, tuple) else (count,) * self.zones

    @property
    def node_routing(self) -> Routing:
        """Routing assigned to every node, in a tag that may change while the node runs."""
        return Routing(
            mode=self.routing,
            zones=self.zones,
            vni=self.vni,
            port=self.vxlan_port,
            cross_zone_only=self.cross_zone_only,
            encapsulation=self.encapsulation,
            uplink=self.uplink,
            flannel_backend=self.flannel_backend,
            flannel_direct=self.flannel_direct_routing,
            cni=str(self.preset.cni) if self.preset else "",
            checksum_offload=self.checksum_offload,
            unmasqueraded=tuple(sorted(self.unmasqueraded_cidrs)),
        )

    @property
    def routes_in_vpc(self) -> bool:
        """Whether the route tables of the VPC hold routes to pods."""
        return self.routing is RoutingMode.VPC_ROUTES

    @property
    def preset(self) -> Preset | None:
        """The other CNI to which the nodes leave their pods, where it is none of podnet's modes."""
        if self.routing is not RoutingMode.EXTERNAL:
            return None
        # Settings that name none are refused; until then the one that does nothing stands for it.
        return PRESETS.get(self.cni, PRESETS[Cni.CUSTOM])

    @property
    def has_cluster(self) -> bool:
        """Whether the nodes form a Kubernetes cluster."""
        return self.kubernetes is Kubernetes.KUBEADM

    @property
    def has_daemons(self) -> bool:
        """Whether the program deploys DaemonSets into the cluster."""
        return self.has_cluster and (
            self.routing is RoutingMode.FLANNEL
            or self.network_policy is not Engine.NONE
            or (self.preset is not None and self.preset.needs_cluster)
        )

    @property
    def protects_control_plane(self) -> bool:
        """Whether the node that holds the cluster is kept from being deleted."""
        return self.has_cluster and self.protect_control_plane

    @property
    def fingerprint(self) -> str:
        """One line that changes exactly when every node must be replaced.

        It holds the numbers of the address rule and, with a cluster, what the cluster cannot
        change later. The number of zones is none of these: it is in the routing tag.
        """
        plan = self.addresses
        rule = (
            f"{plan.vpc} {plan.pods} /{plan.block_prefix} subnets=/{plan.subnet_prefix} "
            f"nodes=/{plan.range_prefix}"
        )
        return f"{rule} {self.kubernetes} {self.service_cidr}" if self.has_cluster else rule
