from ipaddress import IPv4Network

from podnet.lab.nodes.pods.leases import LEASES, free_addresses


class Node:
    """A node's file system."""

    def __init__(self, root):
        self.root = root


def test_free_addresses_are_those_of_the_block_without_a_lease(tmp_path):
    block = IPv4Network("10.1.1.0/24")

    assert free_addresses(Node(tmp_path), block) == 253

    (tmp_path / LEASES).mkdir(parents=True)
    for name in ("10.1.1.2", "10.1.1.3", "10.1.2.2", "last_reserved_ip.0", "lock"):
        (tmp_path / LEASES / name).touch()

    assert free_addresses(Node(tmp_path), block) == 251
