from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import guards
import nft_ruleset
import pytest
from machine import Node
from sandboxes import Sandbox

from podnet.plan.address import AddressPlan
from podnet.plan.routing import VARIANTS, Routing, RoutingMode
from tests.sandboxes import Runtime

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)
OVERLAY = Routing(mode=RoutingMode.OVERLAY)


PODS = [
    Sandbox("c2", "eth0", "two", "veth2", "02:00:00:00:00:02", (IPv4Address("10.1.1.2"),)),
    Sandbox("c1", "eth0", "one", "veth1", "02:00:00:00:00:01", (IPv4Address("10.1.1.9"),)),
]


def guarded(pods):
    return guards.guards(pods, NODE.block[1])


@pytest.mark.parametrize(
    ("name", "routing", "pods"),
    [
        ("podnet.nft", Routing(), ()),
        ("podnet-overlay.nft", OVERLAY, ()),
        ("podnet-pods.nft", Routing(), PODS),
    ],
    ids=["vpc-routes", "overlay", "pods"],
)
def test_the_tables_are_as_the_golden_copy(golden, name, routing, pods):
    golden(name, "".join(nft_ruleset.tables(NODE, routing, guarded(pods)).values()))


def test_a_pod_without_a_mac_in_its_result_is_left_alone():
    unknown = Sandbox("c3", "eth0", "three", "veth3", "", (IPv4Address("10.1.1.3"),))

    assert nft_ruleset.tables(NODE, Routing(), guarded([unknown])) == nft_ruleset.tables(
        NODE, Routing()
    )
    assert "veth3" not in nft_ruleset.tables(NODE, Routing(), guarded([*PODS, unknown]))["bridge"]


def test_a_pod_with_two_addresses_has_both():
    pod = Sandbox("c3", "eth0", "three", "veth3", "m", tuple(NODE.block.hosts())[3:5])

    text = nft_ruleset.tables(NODE, Routing(), guarded([pod]))["bridge"]

    assert '{ "veth3" . m . 10.1.1.4, "veth3" . m . 10.1.1.5 } accept' in text
    assert 'iifname { "veth3" } counter drop' in text


def test_the_tables_name_the_ranges_of_the_stack():
    plan = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 26, 24, 26)

    text = nft_ruleset.tables(
        Node(plan, "ens5", IPv4Address("172.20.4.11"), 9001), Routing(zones=2)
    )["inet"]

    assert 'iifname "kube-bridge" ip saddr != 10.64.0.64/26 counter drop' in text
    for inside in ("10.64.0.0/12", "172.20.4.0/26", "172.20.5.0/26", "224.0.0.0/4"):
        assert f"ip saddr 10.64.0.64/26 ip daddr {inside} return" in text
    assert "ip daddr 172.20.4.2 masquerade" in text


@pytest.mark.parametrize("name", VARIANTS)
def test_in_some_ranges_pods_are_seen_as_they_are_in_every_mode(name):
    far = (IPv4Network("10.20.0.0/16"), IPv4Network("172.20.0.0/16"))
    routing = VARIANTS[name].routing
    before = nft_ruleset.tables(NODE, routing)["inet"].splitlines()
    after = nft_ruleset.tables(NODE, replace(routing, unmasqueraded=far))["inet"].splitlines()

    added = [line.strip() for line in after if line not in before]
    # In the chain that masquerades, and in the one that drops what it could not translate.
    assert added == [f"ip saddr 10.1.1.0/24 ip daddr {each} return" for each in far] * 2


@pytest.mark.parametrize("name", VARIANTS)
def test_of_the_vpc_only_nodes_see_a_pods_own_address_in_every_mode(name):
    routing = replace(VARIANTS[name].routing, zones=3)

    assert [*map(str, nft_ruleset.targets(ARTICLE, routing))] == [
        "192.168.1.0/26",
        "192.168.2.0/26",
        "192.168.3.0/26",
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_translated_is_the_same_in_every_mode_so_that_flows_outlive_a_switch(name):
    assert nft_ruleset.tables(NODE, VARIANTS[name].routing) == nft_ruleset.tables(NODE, Routing())


def test_a_table_that_nft_lists_in_other_words_is_loaded_once(monkeypatch, tmp_path):
    loads = []

    def other_nft(*_, stdin=None):
        if stdin:
            loads.append(stdin)
        return "the same in other words"

    monkeypatch.setattr(nft_ruleset, "run", other_nft)
    subject = nft_ruleset.Ruleset(guards.guards_of(tmp_path))

    assert [subject.keep(NODE, Routing()) for _ in range(3)] == ["loaded inet and bridge", "", ""]
    assert len(loads) == 2


def test_what_pods_change_in_the_tables_is_no_repair_and_what_others_change_is(
    monkeypatch, tmp_path
):
    kernel = {}

    def nft(*argv, stdin=None):
        if stdin:
            kernel[stdin.split()[1]] = stdin.partition("\n")[2].partition("\n")[2]
        return kernel.get(argv[-2], "")

    monkeypatch.setattr(nft_ruleset, "run", nft)
    subject, runtime = nft_ruleset.Ruleset(guards.guards_of(tmp_path)), Runtime(tmp_path)
    kernel.update(nft_ruleset.tables(NODE, Routing()))
    started = subject.keep(NODE, Routing())
    runtime.add("web", "10.1.1.2", "veth0")
    with_pod = subject.keep(NODE, Routing()), "veth0" in kernel["bridge"]
    kernel["bridge"] = "of another program"
    changed = subject.keep(NODE, Routing()), subject.keep(NODE, Routing())

    assert (started, with_pod, changed) == ("", ("", True), ("loaded bridge", ""))
