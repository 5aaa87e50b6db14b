"""A probe by agents in several processes gives the verdicts of one that enters all namespaces."""

from contextlib import ExitStack

import pytest

from podnet.probe import Check
from podnet.probe.distributed import probe_site
from podnet.probe.reasons import answer_lost
from podnet.system.netns import NAMESPACES
from tests.lab.pods.agents import Processes

pytestmark = pytest.mark.lab

FAULTS = {
    "none": (),
    "masquerade between pods": ("post ip saddr 10.1.1.0/24 ip daddr != 10.1.1.0/24 masquerade",),
    "UDP comes in and is dropped": ("forward iifname eth0 ip protocol udp drop",),
    "full packets vanish": ("forward iifname eth0 meta length > 2000 drop",),
}


@pytest.fixture
def agents(cluster, tmp_path):
    with ExitStack() as files:
        yield Processes(cluster, tmp_path, files)


def by_place(matrix):
    """Reasons by place, but for the internet, which agents do not ask.

    Where no answer comes back, agents cannot find out the largest packet that arrives.
    """
    lost = {
        (each.source, each.target)
        for each in matrix.results
        if each.check is Check.UDP and each.reason == answer_lost(1.0)
    }
    return {
        (each.source, each.target, str(each.check)): each.reason
        for each in matrix.results
        if each.target != "internet"
        and not (each.check is Check.MTU and (each.source, each.target) in lost)
    }


@pytest.mark.parametrize("rules", FAULTS.values(), ids=FAULTS)
def test_agents_come_to_the_same_verdicts(cluster, agents, rules):
    site = agents.on_nodes()
    for rule in rules:
        cluster.nft(cluster.nodes[0], f"add rule inet podnet {rule}")

    found = probe_site(site, agents)

    assert by_place(found) == by_place(cluster.probe())
    assert (found.failed == ()) == (rules == ())
    assert found.pairs == 30


def test_a_link_that_refuses_full_packets_by_icmp_differs_from_one_that_drops_them(cluster, agents):
    site = agents.on_nodes()
    cluster.ip(cluster.router, "link set br0 mtu 2000", "link set port1 mtu 2000")

    found = probe_site(site, agents)

    assert by_place(found) == by_place(cluster.probe())
    assert found.failed


def test_a_place_without_an_agent_is_a_failed_row_and_the_others_count(cluster, agents):
    site = agents.on_nodes()
    agents.silent["node-2"] = "its command timed out after 60 s"

    found = probe_site(site, agents)

    reason = "its command timed out after 60 s"
    assert found.missing == dict.fromkeys(("node-2", "pod-2-2", "pod-2-3"), reason)
    assert {each.reason for each in found.failed} == {reason}
    assert (found.pairs, found.passed) == (30, 6)
    assert (NAMESPACES / cluster.nodes[1]).exists()
