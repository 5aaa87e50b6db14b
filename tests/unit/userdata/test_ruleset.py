from ipaddress import IPv4Address, IPv4Network

import pytest
import ruleset
from machine import Node

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing, RoutingMode

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)
NODE = Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
OVERLAY = Routing(mode=RoutingMode.OVERLAY)


@pytest.mark.parametrize(
    ("name", "routing"),
    [("podnet.nft", Routing()), ("podnet-overlay.nft", OVERLAY)],
    ids=["vpc-routes", "overlay"],
)
def test_the_tables_are_as_the_golden_copy(golden, name, routing):
    golden(name, "".join(ruleset.tables(NODE, routing).values()))


def test_the_tables_name_the_ranges_of_the_stack():
    plan = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 26)

    text = ruleset.tables(Node(plan, "ens5", IPv4Address("172.20.4.11"), 9001), Routing())["inet"]

    assert 'iifname "kube-bridge" ip saddr != 10.64.0.64/26 counter drop' in text
    for inside in ("10.64.0.0/12", "172.20.4.0/22", "224.0.0.0/4"):
        assert f"ip saddr 10.64.0.64/26 ip daddr {inside} return" in text
    assert "ip daddr 172.20.4.2 masquerade" in text


@pytest.mark.parametrize("mode", [RoutingMode.HOST_GW, RoutingMode.OVERLAY, RoutingMode.L2])
def test_without_routes_in_the_vpc_only_nodes_see_a_pods_own_address(mode):
    plan = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, zones=3)

    ranges = ruleset.targets(plan, Routing(mode=mode, max_nodes=4))

    assert [text for _, text in ranges] == [
        "192.168.1.11-192.168.1.12",
        "192.168.1.75",
        "192.168.1.139",
    ]


def test_a_table_that_nft_lists_in_other_words_is_loaded_once(monkeypatch):
    loads = []

    def other_nft(*_, stdin=None):
        if stdin:
            loads.append(stdin)
        return "the same in other words"

    monkeypatch.setattr(ruleset, "run", other_nft)
    subject = ruleset.Ruleset()

    assert [subject.keep(NODE, Routing()) for _ in range(3)] == ["loaded inet and bridge", "", ""]
    assert len(loads) == 2
