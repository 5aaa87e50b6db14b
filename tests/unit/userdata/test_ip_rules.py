"""The policy rules that are added, by what the kernel has."""

from ipaddress import IPv4Address, IPv4Network
from itertools import chain

import ip_rules
import main_table
import pytest
from machine import Node

from podnet.plan.address import AddressPlan

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
NODE = Node(PLAN, "eth0", IPv4Address("192.168.1.11"), 9001)

LOCAL = {"priority": 0, "src": "all", "table": "local"}
OWN = {
    "priority": 112,
    "src": "10.1.0.0",
    "srclen": 16,
    "table": "112",
    "protocol": "112",
}
MAIN = {"priority": 32766, "src": "all", "table": "main"}
DEFAULT = {"priority": 32767, "src": "all", "table": "default"}
ADD_OWN = "rule add priority 112 from 10.1.0.0/16 lookup 112 protocol 112"
ADD_MAIN = "rule add priority 32766 lookup main"
ADD_DEFAULT = "rule add priority 32767 lookup default"
SUPPRESSED = {**MAIN, "priority": 200, "suppress_prefixlen": 0}


@pytest.mark.parametrize(
    ("found", "commands"),
    [
        ([LOCAL, OWN, MAIN, DEFAULT], []),
        ([LOCAL, MAIN, DEFAULT], [ADD_OWN]),
        ([LOCAL], [ADD_OWN, ADD_MAIN, ADD_DEFAULT]),
        ([LOCAL, OWN, SUPPRESSED], [ADD_MAIN, ADD_DEFAULT]),
        ([LOCAL, OWN, DEFAULT], [ADD_MAIN]),
        ([LOCAL, OWN, MAIN], []),
        ([LOCAL, OWN, {**MAIN, "priority": 90}], []),
    ],
    ids=[
        "in place",
        "own gone",
        "flushed",
        "main for some routes only",
        "main gone",
        "default gone",
        "main elsewhere",
    ],
)
def test_rules_that_are_missing_are_added(found, commands):
    parts = ip_rules.rule_commands(found, NODE), main_table.rule_commands(found)
    assert [*chain(*parts)] == commands
