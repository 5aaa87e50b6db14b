"""Rules of somebody else in the nodes' group, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from podnet.plan.settings import FirewallRules, Settings
from podnet.plan.unmanaged_rules import FoundRule, remarks

BALANCER = FoundRule(
    id="sgr-1",
    group="sg-nodes",
    is_egress=False,
    protocol="tcp",
    from_port=30000,
    to_port=32767,
    peer="sg-balancer",
    description="elbv2.k8s.aws/targetGroupBinding=shared",
)
BY_HAND = FoundRule(
    id="sgr-2",
    group="sg-nodes",
    is_egress=False,
    protocol="-1",
    from_port=None,
    to_port=None,
    peer="203.0.113.0/24",
    tags={"team": "storage", "owner": "ann"},
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "sgr-2: all traffic from 203.0.113.0/24 (owner=ann, team=storage)"),
        ({"tags": {}}, "sgr-2: all traffic from 203.0.113.0/24"),
        ({"tags": {}, "description": "mine"}, "sgr-2: all traffic from 203.0.113.0/24 (`mine`)"),
        (
            {"tags": {}, "protocol": "udp", "from_port": 53, "to_port": 53, "peer": "pl-1"},
            "sgr-2: udp 53 from pl-1",
        ),
        (
            {"tags": {}, "protocol": "icmp", "from_port": 8, "to_port": -1},
            "sgr-2: icmp type 8 from 203.0.113.0/24",
        ),
        (
            {"tags": {}, "protocol": "icmp", "from_port": 3, "to_port": 4},
            "sgr-2: icmp type 3 code 4 from 203.0.113.0/24",
        ),
        ({"tags": {}, "protocol": "icmpv6", "from_port": -1, "peer": "::/0"},
         "sgr-2: all icmpv6 from ::/0"),
        ({"tags": {}, "protocol": "4"}, "sgr-2: all 4 from 203.0.113.0/24"),
        ({"tags": {}, "is_egress": True}, "sgr-2: all traffic to 203.0.113.0/24"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_rule_is_said_with_what_it_opens_to_whom_and_what_is_known_of_its_owner(change, words):
    assert replace(BY_HAND, **change).words() == words


def test_an_exclusive_firewall_names_what_it_revokes_and_the_ways_out():
    (said,) = remarks(Settings(), [BALANCER, BY_HAND])

    assert (said.rule, said.is_warning) == ("rules-unmanaged-revoked", True)
    assert (
        "rules of sg-nodes that podnet did not create: sgr-1: tcp 30000-32767 from sg-balancer "
        "(`elbv2.k8s.aws/targetGroupBinding=shared`); sgr-2: all traffic" in said.text
    )
    assert "podnet:firewall to shared" in said.text


def test_a_shared_firewall_names_what_it_leaves():
    (said,) = remarks(Settings(firewall=FirewallRules.SHARED), [BALANCER])

    assert (said.rule, said.is_warning) == ("rules-unmanaged-left", False)
    assert "sgr-1: tcp 30000-32767 from sg-balancer" in said.text


@pytest.mark.parametrize("firewall", FirewallRules)
def test_nothing_is_said_of_nothing(firewall):
    assert [*remarks(Settings(firewall=firewall), [])] == []


@pytest.mark.parametrize(
    ("change", "counts"),
    [({}, True), ({"peer": "sg-1"}, True), ({"peer": "::/0"}, False), ({"is_egress": True}, False)],
    ids=["a range", "a group", "IPv6", "outbound"],
)
def test_what_counts_against_the_quota_is_inbound_and_not_ipv6(change, counts):
    assert replace(BY_HAND, **change).counts_for_ipv4 is counts
