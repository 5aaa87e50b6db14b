"""What a node does with a packet, as its routing and its address alone give it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network

from podnet.plan import other_cnis  # noqa: F401  # adds its variants
from podnet.plan.address import AddressPlan
from podnet.plan.names import number_at
from podnet.plan.routing import FlannelBackend, Routing, RoutingMode
from podnet.verify.packet import Packet, single
from podnet.world.model import Eni

METADATA = IPv4Address("169.254.169.254")


@dataclass(frozen=True, slots=True)
class Local:
    """The node itself, or a pod on it."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The node's own link, not encapsulated."""

    packet: Packet
    """As it leaves: from the node's address where it is masqueraded."""
    via: IPv4Address | None = None
    """The next hop; None for the destination itself in the subnet, and else its router."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A VXLAN device, or that of GRE, to a peer."""

    peer: IPv4Address
    vni: int
    """The network identifier, or the key of GRE."""
    port: int | None
    """The UDP port of VXLAN; None for GRE, which has no ports."""

    def __str__(self) -> str:
        return f"GRE with key {self.vni}" if self.port is None else f"VXLAN {self.vni}"

    def outer(self, own: IPv4Network) -> Packet:
        """The packet around another, from a node's own address."""
        protocol = "gre" if self.port is None else "udp"
        return Packet(own, single(self.peer), protocol, self.port)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Dropped on the node."""

    reason: str


Step = Local | Wire | Tunnel | Nowhere


@dataclass(frozen=True)
class Node:
    """A node, and the routing that it applies."""

    name: str
    eni: Eni
    plan: AddressPlan
    routing: Routing

    @cached_property
    def own(self) -> IPv4Network:
        """The node's address."""
        return single(self.eni.address)

    @cached_property
    def block(self) -> IPv4Network:
        """The addresses of the node's pods."""
        return self.plan.block(self.eni.address)

    def has(self, network: IPv4Network) -> bool:
        """Whether these addresses are the node's or its pods'."""
        return network == self.own or network.subnet_of(self.block)

    def listens(self, tunnel: Tunnel) -> bool:
        """Whether the node has a device that unwraps what such a tunnel carries."""
        base = self.routing.vni
        if tunnel.port is None:
            return tunnel.vni == base
        devices = 3 if self.routing.mode is RoutingMode.FLANNEL else 2
        return tunnel.port == self.routing.port and tunnel.vni in range(base, base + devices)

    def forward(self, packet: Packet, *, is_reply: bool) -> Step:
        """Where a packet goes that a pod, a peer or the node itself gives to the node."""
        target = packet.destination
        if self.has(target):
            return Local()
        is_from_pod = packet.source.subnet_of(self.block)
        if is_from_pod and target == single(METADATA):
            return Nowhere("pods may not ask the metadata service")
        peer = self._peer_of(target, from_pods=packet.source.subnet_of(self.plan.pods))
        if peer is not None:
            return self._to_peer(packet, peer)
        if is_from_pod and not is_reply and self._masquerades(target):
            packet = Packet(self.own, target, packet.protocol, packet.port)
        return Wire(packet)

    def _peer_of(self, target: IPv4Network, *, from_pods: bool) -> IPv4Address | None:
        """The possible node that has these addresses, or the one that is meant by its own."""
        plan, zones = self.plan, self.routing.zones
        if target.subnet_of(plan.pods):
            return _owner(plan, target, zones)
        is_node = from_pods and target.num_addresses == 1 and _is_peer(plan, target[0], zones)
        return target[0] if is_node else None

    def _to_peer(self, packet: Packet, peer: IPv4Address) -> Step:
        to_node, near = packet.destination == single(peer), self._is_near(peer)
        offset = self._device(near=near, to_node=to_node)
        if offset is not None:
            port = None if self.routing.variant.gre else self.routing.port
            return Tunnel(peer, self.routing.vni + offset, port)
        by_vpc = to_node or not near or self.routing.mode is RoutingMode.VPC_ROUTES
        return Wire(packet, None if by_vpc else peer)

    def _device(self, *, near: bool, to_node: bool) -> int | None:
        """By how much the VNI of the device that leads to a peer is above the first; None: none."""
        routing = self.routing
        match routing.mode:
            case RoutingMode.OVERLAY:
                return None if routing.cross_zone_only and near else 0
            case RoutingMode.L2:
                return 1
            case RoutingMode.FLANNEL:
                is_native = routing.flannel_backend is FlannelBackend.HOST_GW
                if is_native or (routing.flannel_direct and near):
                    return None
                # Flannel routes to blocks; the agent's overlay carries packets of pods to nodes.
                return 0 if to_node else 2
        return None

    def _is_near(self, peer: IPv4Address) -> bool:
        return self.plan.zone(peer) == self.plan.zone(self.eni.address)

    def _masquerades(self, target: IPv4Network) -> bool:
        plan = self.plan
        if target == single(plan.vpc[2]):
            return True
        ranges = map(plan.node_range, range(self.routing.zones))
        kept = (plan.pods, *ranges, *self.routing.unmasqueraded)
        return not any(target.subnet_of(each) for each in kept)


def _owner(plan: AddressPlan, block: IPv4Network, zones: int) -> IPv4Address | None:
    """The possible node that has a block; None where no node of so many zones has it."""
    index = (int(block[0]) - int(plan.pods[0])) >> (32 - plan.block_prefix)
    try:
        node = plan.node(index)
    except ValueError:
        return None
    return node if plan.zone(node) < zones else None


def _is_peer(plan: AddressPlan, address: IPv4Address, zones: int) -> bool:
    try:
        number_at(plan, address)
    except ValueError:
        return False
    return plan.zone(address) < zones
