"""Firewalls of others on a node: what the agent mends, and what it names."""

import pytest

pytestmark = pytest.mark.lab

PERIOD = 0.3
IPTABLES = """
table ip filter {{
	chain FORWARD {{
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "docker0" accept
		{rule}
	}}
}}
"""
OTHER = """
table inet other {{
	chain walls {{
		type filter hook {hook} priority 10; policy {policy};
		ct state established,related accept
		tcp dport 22 accept
		{rule}
	}}
}}
"""


@pytest.fixture
def pair(pods, source_seen):
    """Whether one pod of the node reaches the other."""
    one, two = pods.values()
    return lambda: source_seen(one, two, two.address) == one.address


def other(hook, policy, rule):
    return OTHER.format(hook=hook, policy=policy, rule=rule)


def load(machine, text):
    machine.run("nft", "-f", "-", stdin=text)


def test_pods_pass_a_forward_chain_of_iptables_that_drops(machine, pair, eventually):
    load(machine, IPTABLES.format(rule=""))

    assert eventually(pair), machine.log.read_text()
    assert machine.run("nft", "list", "chain", "ip", "filter", "FORWARD").splitlines()[-4:-2] == [
        '\t\tip saddr 10.1.0.0/16 counter packets 1 bytes 37 accept comment "podnet"',
        '\t\tip daddr 10.1.0.0/16 counter packets 0 bytes 0 accept comment "podnet"',
    ]


def test_what_others_drop_in_that_chain_stays_dropped_and_is_named(machine, pair, two_polls):
    load(machine, IPTABLES.format(rule="ip saddr 10.1.1.2 drop"))

    two_polls()

    assert not pair()
    assert "of nftables chain ip filter FORWARD drops packets of pods" in machine.log.read_text()


@pytest.mark.parametrize(
    ("chain", "named"),
    [
        (("forward", "drop", ""), "policy"),
        (("forward", "accept", "drop"), "rule with handle"),
        (("prerouting", "accept", 'iifname "kube-bridge" drop'), "rule with handle"),
        (("postrouting", "accept", "ip daddr 10.0.0.0/8 drop"), "rule with handle"),
    ],
    ids=["policy", "forward", "prerouting", "postrouting"],
)
def test_a_drop_of_others_is_named_left_alone_and_forgotten(
    machine, pair, eventually, chain, named
):
    load(machine, other(*chain))
    assert not pair()
    before = machine.ruleset(own=False)

    assert eventually(
        lambda: f"filters of others: the {named}" in machine.log.read_text(),
    ), machine.log.read_text()
    assert machine.ruleset(own=False) == before

    machine.run("nft", "delete", "table", "inet", "other")

    assert eventually(lambda: "filters of others: works again" in machine.log.read_text())
    assert pair()


@pytest.mark.parametrize(
    "chain",
    [
        ("forward", "drop", "ip saddr 10.1.0.0/16 accept"),
        ("forward", "accept", "ip saddr 172.16.0.0/12 drop"),
        ("input", "drop", 'iifname { "kube-bridge", "eth0", "lo" } accept'),
        ("forward", "accept", "ct state invalid drop"),
    ],
    ids=["accepts pods", "others", "input by links", "invalid"],
)
def test_a_firewall_that_lets_pods_pass_is_not_named(machine, pair, two_polls, chain):
    load(machine, other(*chain))
    logged = machine.log.read_text()

    two_polls()

    assert pair()
    assert machine.log.read_text() == logged
