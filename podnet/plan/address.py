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
    """Which address and which pod block every node has, by arithmetic alone.

    It has no number of zones: what a node has does not depend on how many there are.
    """

    vpc: IPv4Network
    pods: IPv4Network
    block_prefix: int
    subnet_prefix: int
    range_prefix: int
    """The prefix length of a zone's node range, which is the first part of its subnet."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> AddressPlan:
        """The plan in a node's node.env."""
        vpc, pods, *prefixes = (
            environ[f"PODNET_{name}"]
            for name in (
                "VPC_CIDR",
                "POD_CIDR",
                "BLOCK_PREFIX",
                "SUBNET_PREFIX",
                "NODE_RANGE_PREFIX",
            )
        )
        return cls(IPv4Network(vpc), IPv4Network(pods), *map(int, prefixes))

    @property
    def size(self) -> int:
        """How many addresses, and so pod blocks, the node range of a zone has."""
        return 1 << (32 - self.range_prefix)

    @property
    def capacity(self) -> int:
        """How many nodes a zone has addresses for, from host 11 on."""
        # The last address of a subnet is AWS's.
        return self.size - FIRST_NODE_OFFSET - 1 - (self.range_prefix == self.subnet_prefix)

    def subnet(self, zone: int) -> IPv4Network:
        """The subnet of a zone, counted from 0; the VPC's range, or further ones, hold it."""
        first = int(self.vpc[0]) + (zone << (32 - self.subnet_prefix))
        return IPv4Network((first, self.subnet_prefix))

    def node_range(self, zone: int) -> IPv4Network:
        """The addresses of a zone that are a node's or nobody's."""
        return IPv4Network((self.subnet(zone)[0], self.range_prefix))

    def zone(self, address: IPv4Address) -> int:
        """The zone whose subnet holds this address."""
        return self._place(address)[0]

    def _place(self, address: IPv4Address) -> tuple[int, int]:
        """The zone of an address, and its number in the subnet."""
        return divmod(int(address) - int(self.vpc[0]), 1 << (32 - self.subnet_prefix))

    def node(self, number: int) -> IPv4Address:
        """Address of node `number`; node *k* owns block *k*."""
        zone, turn = divmod(number, self.size)
        if number < 1 or not 1 <= turn <= self.capacity:
            raise ValueError(f"node {number} has no address in a node range")
        return self.subnet(zone)[FIRST_NODE_OFFSET + turn]

    def nodes(self, zones: int) -> tuple[IPv4Address, ...]:
        """Addresses of all possible nodes in so many zones."""
        return tuple(
            self.node(zone * self.size + turn)
            for zone in range(zones)
            for turn in range(1, self.capacity + 1)
        )

    def peers(self, node: IPv4Address, zones: int) -> tuple[IPv4Address, ...]:
        """All possible nodes but this one, whether they exist or not."""
        return tuple(address for address in self.nodes(zones) if address != node)

    def gateway(self, node: IPv4Address) -> IPv4Address:
        """The address that the pods of this node have as their gateway: the block's first."""
        return self.block(node)[1]

    def block(self, node: IPv4Address) -> IPv4Network:
        """Pod block of the node at this VPC address."""
        zone, host = self._place(node)
        if zone < 0 or host >= self.size:
            raise ValueError(f"{node} is in no node range")
        index = zone * self.size + (host - FIRST_NODE_OFFSET) % self.size
        first = int(self.pods[0]) + (index << (32 - self.block_prefix))
        block = IPv4Network((first, self.block_prefix))
        if not block.subnet_of(self.pods):
            raise ValueError(f"the block of {node} lies outside the pod range {self.pods}")
        return block


def overlay_mac(node: IPv4Address) -> str:
    """MAC of the node's overlay device; locally administered, the last four bytes its address."""
    return _mac(0x50, node)


def bridge_mac(node: IPv4Address) -> str:
    """MAC of the bridge that the node's pods are on."""
    return _mac(0x51, node)


def _mac(kind: int, node: IPv4Address) -> str:
    return bytes((0x02, kind, *node.packed)).hex(":")
