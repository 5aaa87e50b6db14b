from dataclasses import replace
from pathlib import Path

import pytest

from podnet.lab.cloud.fabric import plain_switch
from podnet.lab.cloud.fabric.layout import layout
from podnet.lab.cloud.fabric.nft import Chain, Table
from podnet.lab.home import Home
from tests.lab.fabric.worlds import ALL_OUT, PODS, rule, with_eni, with_groups, without_eni, world

HOME = Home(Path("/nowhere"), "abc123")
PAIR = Table("netdev", (Chain("arp"), Chain("from-one", ("drop",), "type x;", "one")))


def tables(wanted, layout=layout):
    [vpc] = layout(HOME, wanted).vpcs
    return {table.family: table for table in vpc.tables}


GROUP = with_groups(world(), a1=(rule(peer="sg-00000001"), rule(peer=PODS), ALL_OUT))


@pytest.mark.parametrize(
    ("wanted", "layout"),
    [
        (world(), layout),
        (world(check=True), layout),
        (GROUP, layout),
        (replace(world(), gateways=()), layout),
        (world(), plain_switch.layout),
    ],
    ids=["open", "checked", "members of a group", "no gateway", "switched"],
)
def test_no_rule_looks_anything_up_that_a_transaction_could_switch_off(wanted, layout):
    rules = {
        line
        for table in tables(wanted, layout).values()
        for chain in table.chains
        for line in chain.rules
    }

    assert rules
    assert {line for line in rules if set(line) & set("{@")} == set()


def test_a_rule_of_a_group_and_a_public_address_touch_no_port():
    before = tables(world())["netdev"]

    assert tables(GROUP)["netdev"] == before
    assert tables(with_eni(world(), "a1", public_address=None))["netdev"] == before


def test_a_new_machine_changes_no_chain_that_is_hooked_to_another():
    def hanging(wanted):
        return {chain for chain in tables(wanted)["netdev"].chains if chain.device}

    assert hanging(without_eni(world(), "a3")) < hanging(world())


def test_another_rule_is_another_mark():
    marks = {
        Table("inet", (Chain("x", rules, hook),)).mark
        for rules in ((), ("drop",), ("accept",))
        for hook in ("", "type x;")
    }

    assert len(marks) == 6


def test_chains_stay_and_only_those_without_a_successor_go():
    lines = list(PAIR.replacing({"arp", "from-one", "from-gone", "layout-old"}, set()))

    assert lines[:2] == ["table netdev fabric", "flush table netdev fabric"]
    assert [line for line in lines if line.startswith("delete")] == [
        "delete chain netdev fabric from-gone",
        "delete chain netdev fabric layout-old",
    ]
    assert [line for line in lines if line.startswith("chain")] == [
        "chain arp {",
        "chain from-one {",
        f"chain {PAIR.mark} {{",
    ]


def test_the_chain_of_a_replaced_device_is_replaced():
    lines = list(PAIR.replacing({"arp", "from-one", PAIR.mark}, {"one"}))

    assert [line for line in lines if line.startswith("delete")] == [
        "delete chain netdev fabric from-one"
    ]
