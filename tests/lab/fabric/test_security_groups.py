import json
import os
import socket
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from podnet.system.commands import run
from tests.lab.fabric.hosts import heard, ping, tcp, udp, udp_answered
from tests.lab.fabric.worlds import (
    ALL_IN,
    ALL_OUT,
    POD,
    PODS,
    group_of,
    rule,
    with_eni,
    with_groups,
    with_routes,
    world,
)

pytestmark = pytest.mark.lab

NEIGHBOURS = pytest.mark.parametrize("other", ["a2", "b1"], ids=["bridged", "routed"])


@NEIGHBOURS
def test_nothing_comes_in_without_a_rule_but_answers_do(lab, other):
    lab.apply(with_groups(world(), **{other: (ALL_OUT,)}))
    open_one, closed = lab.host("a1"), lab.host(other)

    assert not udp(open_one, closed)
    assert not tcp(open_one, closed)
    assert not ping(open_one, closed.address)
    assert udp_answered(closed, open_one)
    assert tcp(closed, open_one)
    assert ping(closed, open_one.address)


@NEIGHBOURS
def test_nothing_goes_out_without_a_rule_but_answers_do(lab, other):
    lab.apply(with_groups(world(), a1=(ALL_IN,)))
    mute, open_one = lab.host("a1"), lab.host(other)

    assert not udp(mute, open_one)
    assert not tcp(mute, open_one)
    assert not udp(mute, lab.internet)
    assert udp_answered(open_one, mute)
    assert tcp(open_one, mute)


@NEIGHBOURS
def test_a_rule_opens_its_protocol_and_ports_only(lab, other):
    rules = (rule(protocol="tcp", ports=(80, 81)), rule(protocol="udp", ports=(53, 53)))
    lab.apply(with_groups(world(), **{other: rules}))
    one, server = lab.host("a1"), lab.host(other)
    found = {
        (f.__name__, port)
        for f in (tcp, udp)
        for port in (53, 79, 80, 81, 82)
        if f(one, server, port=port)
    }

    assert found == {("tcp", 80), ("tcp", 81), ("udp", 53)}


def test_an_egress_rule_opens_its_protocol_and_ports_only(lab):
    lab.apply(with_groups(world(), a1=(rule(egress=True, protocol="tcp", ports=(80, 80)),)))
    found = {
        (f.__name__, port)
        for f in (tcp, udp)
        for port in (80, 81)
        if f(lab.host("a1"), lab.host("b1"), port=port)
    }

    assert found == {("tcp", 80)}


def test_a_rule_matches_its_range_only(lab):
    allowed = rule(peer=IPv4Network("192.168.2.0/24"))
    lab.apply(with_groups(world(), a1=(allowed,)))

    assert udp(lab.host("b1"), lab.host("a1"))
    assert not udp(lab.host("a2"), lab.host("a1"))


def test_an_icmp_rule_names_a_type_and_a_code(lab):
    lab.apply(
        with_groups(
            world(),
            a1=(rule(protocol="icmp", ports=(8, -1)),),
            a2=(rule(protocol="icmp", ports=(3, 4)),),
            a3=(rule(protocol="icmp", ports=(-1, -1)),),
        )
    )
    pinged = {name for name in ("a1", "a2", "a3") if ping(lab.host("b1"), lab.host(name).address)}

    assert pinged == {"a1", "a3"}


def test_a_rule_may_name_a_protocol_by_number(lab):
    lab.apply(with_groups(world(), a1=(rule(protocol="17"),)))

    assert udp(lab.host("b1"), lab.host("a1"))
    assert not tcp(lab.host("b1"), lab.host("a1"))


@NEIGHBOURS
def test_a_reference_matches_members_addresses_and_no_pod_behind_them(lab, other):
    before = with_groups(with_routes(world(), a1="10.1.1.0/24"), a1=(ALL_OUT, ALL_IN))
    by_reference = with_groups(before, **{other: (rule(peer=group_of("a1")),)})
    lab.apply(by_reference)
    member, target = lab.pod("a1"), lab.host(other)

    assert udp(member, target)
    assert not udp(member, target, source=POD["a1"])
    assert not udp(lab.host("a3"), target), "a3 is no member"
    lab.apply(with_groups(before, **{other: (rule(peer=group_of("a1")), rule(peer=PODS))}))
    assert udp(member, target, source=POD["a1"])


def test_an_egress_reference_matches_members_only(lab):
    before = with_groups(world(), a2=(ALL_IN,))
    lab.apply(with_groups(before, a1=(rule(egress=True, peer=group_of("a2")),)))

    assert udp(lab.host("a1"), lab.host("a2"))
    assert not udp(lab.host("a1"), lab.host("a3"))


def test_a_reference_to_a_group_without_members_matches_nothing(lab):
    lab.apply(with_groups(world(), a1=(rule(peer="sg-nobody"),)))

    assert not udp(lab.host("a2"), lab.host("a1"))


def test_the_rules_of_all_groups_of_an_interface_count(lab):
    before = with_groups(
        world(),
        a1=(rule(protocol="tcp", ports=(80, 80)),),
        a2=(rule(protocol="udp", ports=(80, 80)), ALL_OUT),
    )
    lab.apply(with_eni(before, "a1", group_ids=(group_of("a1"), group_of("a2"))))
    one, other = lab.host("a1"), lab.host("b1")

    assert tcp(other, one, port=80)
    assert udp(other, one, port=80)
    assert not udp(other, one, port=81)
    assert udp(one, other), "the egress rule of the second group"


def test_an_icmp_error_needs_a_rule_although_it_belongs_to_a_flow(lab):
    reported = []
    for rules in (
        (),
        (rule(protocol="icmp", ports=(3, 4)),),
        (rule(protocol="icmp", ports=(3, 3)),),
    ):
        lab.apply(with_groups(world(), a1=(ALL_OUT, *rules)))
        with lab.host("a1").endpoint(socket.SOCK_DGRAM) as client:
            client.connect((str(lab.host("b1").address), 9))  # nobody listens there
            client.send(b"x")
            try:
                client.recv(1)
            except ConnectionRefusedError:
                reported.append(True)
            except TimeoutError:
                reported.append(False)

    assert reported == [False, False, True], "of the three, only a rule for port unreachable"


def test_a_datagram_in_fragments_is_filtered_as_a_whole(lab):
    opened = (rule(protocol="udp", ports=(7, 7)), ALL_OUT)
    lab.apply(with_groups(world(), a2=opened, b1=opened))

    for name in ("a2", "b1"):
        assert udp(lab.host("a1"), lab.host(name), size=30000)
        assert not udp(lab.host("a1"), lab.host(name), port=8, size=30000)


def test_a_removed_rule_ends_no_flow_that_it_let_in(lab):
    lab.apply(with_groups(world(), a2=(ALL_IN, ALL_OUT)))
    one, other = lab.host("a1"), lab.host("a2")
    with other.listening() as server, one.endpoint(socket.SOCK_DGRAM) as client:
        client.connect((str(other.address), 7))
        client.send(b"begin")
        _, peer = server.recvfrom(10)
        server.sendto(b"answer", peer)
        lab.apply(with_groups(world(), a2=(ALL_OUT,)))
        name = os.urandom(8)
        client.send(name)

        assert heard(server, name)
        assert not udp(one, other, port=8), "new flows are dropped"


def test_a_pod_behind_a_machine_is_filtered_by_that_machines_groups(lab):
    before = with_routes(world(), a2="10.1.2.0/24", b1="10.1.4.0/24")
    lab.apply(
        with_groups(
            before,
            a2=(rule(protocol="udp", ports=(7, 7)), ALL_OUT),
            b1=(ALL_IN, rule(egress=True, protocol="udp", ports=(7, 8))),
        )
    )
    pod, other = lab.pod("a2"), lab.pod("b1")

    assert udp(other, pod, POD["a2"], source=POD["b1"])
    assert not udp(other, pod, POD["a2"], source=POD["b1"], port=8), "not let in"
    assert not udp(other, lab.host("a1"), source=POD["b1"], port=9), "not let out"
    assert udp(other, lab.host("a1"), source=POD["b1"], port=8)


def test_an_interface_without_groups_is_closed(lab):
    lab.apply(replace(with_eni(world(), "a1", group_ids=())))

    assert not udp(lab.host("a2"), lab.host("a1"))
    assert not udp(lab.host("a1"), lab.host("a2"))


def test_rules_are_replaced_without_taking_away_what_hooks_them_in(lab):
    lab.apply(world())
    before = hooks(lab)
    lab.apply(with_groups(world(), a1=(ALL_IN,)))
    lab.apply(world())

    # A hook that goes and comes again drops what passes in between.
    assert {"forward", "input", "output"} <= before.keys()
    assert hooks(lab) == before


def hooks(lab):
    """The kernel's numbers of the chains that see packets, by their name."""
    listed = run("ip", "netns", "exec", lab.vpc(), "nft", "-j", "list", "chains", "inet")
    chains = [item["chain"] for item in json.loads(listed)["nftables"] if "chain" in item]
    return {chain["name"]: chain["handle"] for chain in chains if "hook" in chain}
