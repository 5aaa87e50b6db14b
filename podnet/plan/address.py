"""The address rule: from a node's VPC address to its pod block, and back.

Standard library only, since every node receives this module in its user data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

FIRST_NODE_OFFSET = 10


@dataclass(frozen=True)
class AddressPlan:
    """Which address and which pod block every node has, by arithmetic alone."""

    vpc: IPv4Network
    pods: IPv4Network
    block_prefix: int
    zones: int = 1

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AddressPlan:
        """The plan in a node's node.env."""
        vpc, pods, prefix, zones = (
            environ[f"PODNET_{name}"] for name in ("VPC_CIDR", "POD_CIDR", "BLOCK_PREFIX", "ZONES")
        )
        return cls(IPv4Network(vpc), IPv4Network(pods), int(prefix), int(zones))

    @property
    def subnets(self) -> tuple[IPv4Network, ...]:
        """One subnet a zone: the VPC cut into the fewest equal parts that are enough."""
        cut = self.vpc.prefixlen + (self.zones - 1).bit_length()
        return tuple(
            IPv4Network((int(self.vpc[0]) + (zone << (32 - cut)), cut))
            for zone in range(self.zones)
        )

    @property
    def capacity(self) -> int:
        """How many nodes have an address: host 11 up to the one before each broadcast address."""
        size = self.subnets[0].num_addresses
        return max(0, size - 2 - FIRST_NODE_OFFSET) * self.zones

    def node(self, number: int) -> IPv4Address:
        """Address of node `number`, counted from 1 and dealt to the zones in turn."""
        turn, zone = divmod(number - 1, self.zones)
        subnet = self.subnets[zone]
        offset = FIRST_NODE_OFFSET + 1 + turn
        if number < 1 or offset > subnet.num_addresses - 2:
            raise ValueError(f"node {number} has no address in {subnet}")
        return subnet[offset]

    def number(self, node: IPv4Address) -> int:
        """The number of the node at this address."""
        for zone, subnet in enumerate(self.subnets):
            turn = int(node) - int(subnet[FIRST_NODE_OFFSET + 1])
            if 0 <= turn < subnet.num_addresses - 2 - FIRST_NODE_OFFSET:
                return turn * self.zones + zone + 1
        raise ValueError(f"{node} is the address of no node in {self.vpc}")

    def nodes(self, most: int) -> tuple[IPv4Address, ...]:
        """Addresses of all possible nodes: numbers 1 to `most`, as far as there are addresses."""
        return tuple(self.node(number) for number in range(1, min(most, self.capacity) + 1))

    def peers(self, node: IPv4Address, most: int) -> tuple[IPv4Address, ...]:
        """All possible nodes but this one, whether they exist or not."""
        return tuple(address for address in self.nodes(most) if address != node)

    def subnet(self, node: IPv4Address) -> IPv4Network:
        """The subnet that holds this VPC address."""
        return next(subnet for subnet in self.subnets if node in subnet)

    def gateway(self, node: IPv4Address) -> IPv4Address:
        """The address that the pods of this node have as their gateway: the block's first."""
        return self.block(node)[1]

    def block(self, node: IPv4Address) -> IPv4Network:
        """Pod block of the node at this VPC address."""
        if node not in self.vpc:
            raise ValueError(f"{node} is not in the VPC {self.vpc}")
        index = (int(node) - int(self.vpc[0]) - FIRST_NODE_OFFSET) % self.vpc.num_addresses
        first = int(self.pods[0]) + (index << (32 - self.block_prefix))
        block = IPv4Network((first, self.block_prefix))
        if not block.subnet_of(self.pods):
            raise ValueError(f"the block of {node} lies outside the pod range {self.pods}")
        return block

    def owner(self, pod: IPv4Address) -> IPv4Address:
        """VPC address of the node whose block holds this pod address."""
        index = (int(pod) - int(self.pods[0])) >> (32 - self.block_prefix)
        if pod not in self.pods or index >= self.vpc.num_addresses:
            raise ValueError(f"{pod} is in no node's block of {self.pods}")
        return self.vpc[(index + FIRST_NODE_OFFSET) % self.vpc.num_addresses]


def overlay_mac(node: IPv4Address) -> str:
    """MAC of the node's overlay device; locally administered, the last four bytes its address."""
    return _mac(0x50, node)


def bridge_mac(node: IPv4Address) -> str:
    """MAC of the bridge that the node's pods are on."""
    return _mac(0x51, node)


def _mac(kind: int, node: IPv4Address) -> str:
    return bytes((0x02, kind, *node.packed)).hex(":")
