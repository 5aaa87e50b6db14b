"""The agent's part in the tables that a cluster needs and podnet's own are not."""

import json
import sys
from ipaddress import IPv4Address, IPv4Network

import filters
import pytest
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
# It completes `filters`, and is imported by it alone.
cluster_filters = sys.modules["cluster_filters"]
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)
ROUTING = Routing()


@pytest.fixture
def kernel(monkeypatch):
    """A kernel with chains, which records the files that are loaded."""

    class Kernel:
        chains = ()
        generation = 0
        loaded = ()

        def run(self, *words):
            if "-f" in words:
                self.loaded = (*self.loaded, " ".join(words[1:]))
            return json.dumps({"nftables": self.chains})

        def load(self, *chains):
            self.chains = chains
            self.generation += 1

    subject = Kernel()
    for module in (filters, cluster_filters):
        monkeypatch.setattr(module, "run", subject.run)
    monkeypatch.setattr(filters, "generation", lambda: bytes([subject.generation]))
    return subject


def lost(subject):
    subject.keep(NODE, ROUTING)
    return [*subject.dropped(NODE, ROUTING)]


def chain(family, table, name="input"):
    return {"chain": {"family": family, "table": table, "name": name}}


@pytest.fixture
def firewall(monkeypatch, tmp_path):
    """The file with the firewall of a cluster's node."""
    file = tmp_path / "kubernetes.nft"
    file.write_text("table inet podnet-kubernetes {}")
    monkeypatch.setattr(cluster_filters, "FIREWALL", file)
    return file


def test_a_firewall_that_was_flushed_is_loaded_again(kernel, firewall):
    subject = cluster_filters.ClusterFilters()

    assert subject.keep(NODE, ROUTING) == f"loaded {firewall}"
    assert kernel.loaded == (f"-f {firewall}",)


def test_a_firewall_that_is_in_force_is_not(kernel, firewall):
    kernel.load(chain("inet", "podnet-kubernetes"))

    assert cluster_filters.ClusterFilters().keep(NODE, ROUTING) == ""
    assert kernel.loaded == ()


def test_a_node_without_a_cluster_has_none(kernel, firewall):
    firewall.unlink()

    assert cluster_filters.ClusterFilters().keep(NODE, ROUTING) == ""
    assert kernel.loaded == ()


def test_kube_proxys_table_is_named_when_it_goes_and_not_before_it_comes(kernel):
    subject = cluster_filters.ClusterFilters()
    named = [lost(subject)]
    for table in ([chain("ip", "kube-proxy", "services")], [], [chain("ip", "kube-proxy")]):
        kernel.load(*table)
        named.append(lost(subject))

    assert [len(each) for each in named] == [0, 0, 1, 0]
    assert named[2][0] == (
        "nftables table ip kube-proxy is gone; change a Service or restart kube-proxy"
    )
