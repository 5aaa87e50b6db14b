"""The drill reports what is lost, and only that."""

import secrets
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from podnet.lab.drill import Traffic
from podnet.lab.drill.reach import reach
from podnet.probe import Endpoint
from podnet.system.commands import run
from tests.refusals import refused

pytestmark = pytest.mark.lab


@pytest.fixture
def ends():
    """Two namespaces on one wire, as endpoints."""
    one, two = (f"lab-{role}-{secrets.token_hex(3)}" for role in ("one", "two"))
    for name in (one, two):
        run("ip", "netns", "add", name)
    try:
        run("ip", "-n", one, "link", "add", "wire", "type", "veth", "peer", "wire", "netns", two)
        made = []
        for number, name in enumerate((one, two), start=1):
            run("ip", "-n", name, "address", "add", f"10.9.0.{number}/24", "dev", "wire")
            run("ip", "-n", name, "link", "set", "wire", "up")
            made.append(endpoint(name, IPv4Address(f"10.9.0.{number}")))
        yield made
    finally:
        for name in (one, two):
            run("ip", "netns", "delete", name)


def endpoint(namespace, address):
    place = Path("/run/netns") / namespace
    return Endpoint(
        kind="pod", name=namespace, node=namespace, address=address, netns=place, mtu=1500
    )


def nft(end, rules):
    run("ip", "netns", "exec", end.netns.name, "nft", "-f", "-", stdin=rules)


def input_chain(rule):
    return f"table inet test {{ chain in {{ type filter hook input priority 0; {rule}; }}; }}"


def test_nothing_is_lost_on_a_sound_wire_at_a_hundred_datagrams_a_second(ends):
    with Traffic(ends) as traffic:
        time.sleep(1)
        losses = traffic.stop()

    assert losses.none
    assert [(pair.source, pair.target) for pair in losses.pairs] == [
        (ends[0].name, ends[1].name),
        (ends[1].name, ends[0].name),
    ]
    assert all(80 * losses.seconds < pair.sent <= 101 * losses.seconds for pair in losses.pairs)


def test_datagrams_that_one_end_drops_are_counted_for_that_way_alone(ends):
    with Traffic(ends) as traffic:
        begun = time.monotonic()
        time.sleep(0.3)
        before_cut = time.monotonic()
        nft(ends[1], input_chain("meta l4proto udp drop"))
        cut = time.monotonic()
        time.sleep(0.5)
        before_mended = time.monotonic()
        nft(ends[1], "delete table inet test")
        mended = time.monotonic()
        time.sleep(0.3)
        losses = traffic.stop()

    there, back = losses.pairs
    assert 80 * (before_mended - cut) <= there.lost <= 101 * (mended - before_cut)
    assert there.outage == pytest.approx(there.lost / 100)
    assert 0.8 * (before_cut - begun) < there.lost_at[0] < cut - begun + 0.1
    assert (back.lost, losses.broken) == (0, ())
    assert losses.worst()[0].startswith(f"{ends[0].name} to {ends[1].name}: {there.lost} of")


def test_a_connection_that_is_cut_off_is_broken_and_one_that_waits_a_moment_is_not(ends):
    with Traffic(ends) as traffic:
        nft(ends[1], input_chain("meta l4proto tcp drop"))
        time.sleep(0.5)
        nft(ends[1], "delete table inet test")
        nft(ends[0], input_chain("tcp flags & (fin|syn|rst) == 0 reject with tcp reset"))
        time.sleep(0.5)
        nft(ends[0], "delete table inet test")
        losses = traffic.stop()

    assert losses.lost == 0
    assert {pair.broken for pair in losses.pairs} == {"connection cut off"}

    with Traffic(ends) as traffic:
        nft(ends[1], input_chain("meta l4proto tcp drop"))
        time.sleep(0.5)
        nft(ends[1], "delete table inet test")
        assert traffic.stop().broken == ()


def test_a_connection_on_which_nothing_comes_back_is_broken(ends):
    with Traffic(ends) as traffic:
        nft(ends[1], input_chain("meta l4proto tcp drop"))
        time.sleep(0.2)
        losses = traffic.stop()

    assert {pair.broken for pair in losses.pairs} == {"silent"}


def test_a_pair_that_does_not_talk_to_begin_with_is_named(ends):
    nft(ends[1], input_chain("meta l4proto udp drop"))

    with refused("drill-failed") as caught:
        Traffic(ends).__enter__()
    assert f"{ends[0].name} to {ends[1].name}" in str(caught.value)


def test_traffic_ends_by_itself_and_then_reports_nothing(ends):
    with Traffic(ends, limit=0.3) as traffic:
        time.sleep(0.6)
        with refused("drill-failed"):
            traffic.stop()


def test_of_pairs_that_are_asked_only_answers_that_come_back_count(ends):
    one, two = ends
    with Traffic(ends, asked=[(one, two)]) as traffic:
        time.sleep(0.3)
        sound = traffic.stop()
    with Traffic(ends, asked=[(one, two)]) as traffic:
        # Datagrams arrive; what is sent back does not.
        nft(one, input_chain("meta l4proto udp drop"))
        time.sleep(0.3)
        nft(one, "delete table inet test")
        (pair,) = traffic.stop().pairs

    assert sound.none
    assert [(each.source, each.target) for each in sound.pairs] == [(one.name, two.name)]
    assert sound.sent > 0
    assert (pair.source, pair.target, pair.broken) == (one.name, two.name, None)
    assert pair.lost > 10


def test_who_is_asked_says_whom_it_saw_and_a_protocol_without_an_answer_is_nobody(ends):
    one, two = ends
    nft(
        one,
        "table inet test { chain out { type nat hook postrouting priority srcnat; "
        "ip protocol tcp snat ip to 10.9.0.9; }; }",
    )
    run("ip", "-n", one.name, "address", "add", "10.9.0.9/32", "dev", "wire")
    nft(two, input_chain("ip protocol icmp drop"))

    there, back = reach([(one, two), (two, one)])

    assert there.seen == {"udp": "10.9.0.1", "tcp": "10.9.0.9", "icmp": None}
    assert back.seen == {"udp": "10.9.0.2", "tcp": "10.9.0.2", "icmp": None}
    assert not there.answered


def test_who_answers_by_every_protocol_has_answered(ends):
    (there,) = reach([tuple(ends)])

    assert there.seen == dict.fromkeys(("udp", "tcp", "icmp"), "10.9.0.1")
    assert there.answered
