"""What nodes say of the routing that they have applied, and how fast all of them can."""

import dataclasses
import json
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan import acknowledgement
from podnet.plan.acknowledgement import APART, MOST_TEXT, UNWRITTEN, Acknowledgement, turn
from podnet.plan.address import AddressPlan
from podnet.plan.names import node_number
from podnet.plan.nodes import planned_nodes
from podnet.plan.settings import Settings

SAID = Acknowledgement(
    instance="i-1",
    boot="0b1",
    routing="overlay zones=1 vni=1 port=8472",
    files="podnet-0123456789ab",
    problems=("peers: refused", "links: no kube-bridge"),
    time="2026-11-29T22:00:00+00:00",
)
PUTS_A_SECOND = 3
"""Of an account and region: see `APART`."""
LARGE = Settings(
    vpc_cidr=IPv4Network("172.16.0.0/20"),
    pod_cidr=IPv4Network("10.0.0.0/8"),
    pod_block_prefix=24,
    subnet_prefix=22,
    node_range_prefix=23,
    zones=3,
    node_count=334,
)


def test_what_a_node_says_is_read_as_it_was_written():
    assert Acknowledgement.parse(SAID.text()) == SAID


def test_a_parameter_that_no_node_has_written_says_nothing():
    assert Acknowledgement.parse(UNWRITTEN) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"instance": "i-1"}', "[" * 100_000])
def test_what_no_node_writes_is_refused(text):
    with pytest.raises(ValueError, match="is nothing that a node of podnet writes"):
        Acknowledgement.parse(text)


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(Acknowledgement)])
@pytest.mark.parametrize("value", [0, False, [], {}, 5])
def test_a_value_of_another_type_is_refused(name, value):
    if name == "problems" and isinstance(value, list):
        value = None
    text = json.dumps({**json.loads(SAID.text()), name: value})

    with pytest.raises(ValueError, match="is nothing that a node of podnet writes"):
        Acknowledgement.parse(text)


@given(st.lists(st.text(max_size=3000), max_size=5))
def test_a_value_fits_a_standard_parameter_and_has_none_of_its_braces(problems):
    longest = dataclasses.replace(SAID, routing="x" * 256, problems=tuple(problems))
    text = longest.text()

    assert len(text) <= 4096
    assert not {"{{", "}}"} & {text[at : at + 2] for at in range(len(text))}
    found = Acknowledgement.parse(text)
    assert len("\n".join(found.problems)) <= MOST_TEXT + 4 * MOST_TEXT


def test_a_node_finds_the_folder_beside_that_of_its_files():
    files = "/podnet/acme/podnet/dev/files"

    assert acknowledgement.folder_beside(files) == acknowledgement.folder("acme/podnet/dev")
    assert acknowledgement.parameter("acme/podnet/dev", "node-2") == (
        "/podnet/acme/podnet/dev/nodes/node-2"
    )


def test_a_thousand_nodes_write_one_after_the_other_within_the_account():
    nodes = planned_nodes(LARGE)
    turns = sorted(turn(LARGE.addresses, node_number(node.name), LARGE.zones) for node in nodes)

    assert len(nodes) == 1002
    assert len(set(turns)) == len(turns)
    # A switch of all of them takes 500 s, and leaves a call in three to everybody else.
    assert turns[-1] == pytest.approx(500, abs=1)
    for second in range(int(turns[-1]) + 1):
        assert len([each for each in turns if second <= each < second + 1]) < PUTS_A_SECOND
    assert 1 / APART < PUTS_A_SECOND


def test_three_nodes_lose_no_second():
    plan = Settings().addresses

    assert [turn(plan, number, 1) for number in (1, 2, 3)] == [0, APART, 2 * APART]
    assert turn(plan, plan.size + 1, 2) == APART


def test_the_rule_for_turns_does_not_depend_on_how_many_nodes_there_are():
    plan = AddressPlan(IPv4Network("192.168.0.0/22"), IPv4Network("10.1.0.0/16"), 24, 24, 26)

    assert {turn(plan, zone * 64 + 1, 3) for zone in range(3)} == {0, APART, 2 * APART}
