"""The addresses that host-local has left for pods of a node."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from podnet.lab.nodes.node import Node
from podnet.plan.node_network import NETWORK

LEASES = f"var/lib/cni/networks/{NETWORK}"


def free_addresses(node: Node, block: IPv4Network) -> int:
    """How many more pods get an address of the node's block."""
    found = [IPv4Address(file.name) for file in (node.root / LEASES).glob("*.*.*.*")]
    # Neither the network's, nor the gateway's, nor the broadcast address is for pods.
    return block.num_addresses - 3 - sum(address in block for address in found)
