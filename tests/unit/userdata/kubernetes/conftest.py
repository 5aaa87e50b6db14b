"""What the tests of a cluster's nodes have in common."""

from ipaddress import IPv4Address, IPv4Network

import machine
import pytest
from kubeadm import Cluster

from podnet.plan.address import AddressPlan

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)


@pytest.fixture
def cluster():
    return Cluster(PLAN, IPv4Network("10.96.0.0/12"), "1.36.0", "dev", "eu-central-1")


@pytest.fixture
def node():
    """The machine of the node with this number."""
    return lambda number: machine.Node(PLAN, "eth0", PLAN.node(number), 9001)


class FakeStore:
    """SSM in memory; a parameter named in `failing` cannot be had."""

    def __init__(self):
        self.values = {}
        self.kinds = {}
        self.writes = []
        self.failing = {}

    def read(self, name):
        if name in self.failing:
            raise OSError(self.failing[name])
        return self.values[name]

    def write(self, name, value, *, secret=False):
        if name in self.failing:
            raise OSError(self.failing[name])
        self.values[name] = value
        self.kinds[name] = secret
        self.writes.append(name)


@pytest.fixture
def store():
    return FakeStore()


@pytest.fixture
def address():
    return IPv4Address("192.168.1.12")
