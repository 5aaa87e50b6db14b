"""Rules that are replaced while packets pass them."""

import json
import socket
import subprocess
import sys

import pytest

from podnet.system.commands import run
from tests.lab.fabric import flood
from tests.lab.fabric.worlds import ALL_IN, ALL_OUT, eni_id, rule, with_groups, without_eni, world

pytestmark = pytest.mark.lab

CHANGES = 30
# A packet spends some microseconds among so many rules, so that replacing hits some on their way.
LONG = tuple(rule(egress=True, protocol="udp", ports=(port, port)) for port in range(20000, 20400))


def hooks(lab):
    """The kernel's numbers of the chains that see packets, by their name."""
    listed = run("ip", "netns", "exec", lab.vpc(), "nft", "-j", "list", "chains")
    chains = [item["chain"] for item in json.loads(listed)["nftables"] if "chain" in item]
    return {chain["name"]: chain["handle"] for chain in chains if "hook" in chain}


def test_a_machine_that_comes_or_goes_leaves_the_hooks_of_others(lab):
    lab.apply(without_eni(world(check=True), "a3"))
    before = hooks(lab)
    port = f"eni-{eni_id('a3')[-8:]}"
    lab.apply(world(check=True))
    after = hooks(lab)
    lab.apply(without_eni(world(check=True), "a3"))

    assert after.keys() - before.keys() == {f"from-{port}", f"to-{port}"}
    assert {name: after[name] for name in before} == before
    assert hooks(lab) == before


class Flood:
    """Datagrams one way, as of an overlay, so that rules filter each."""

    def __init__(self, flows):
        self.sent = self.arrived = 0
        self._flows = flows

    def __enter__(self):
        # Processes, as in this one the change of rules would keep them waiting.
        self._processes = [self._start([end.fileno() for end in ends]) for ends in self._flows]
        return self

    def _start(self, numbers):
        return subprocess.Popen(
            [sys.executable, flood.__file__, *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=numbers,
            text=True,
        )

    def __exit__(self, *_):
        for process in self._processes:
            sent, arrived = map(int, process.communicate()[0].split())
            self.sent += sent
            self.arrived += arrived


@pytest.fixture
def flows(lab):
    """A flow to a neighbour and one by way of the router."""
    lab.apply(world())
    made = []
    for name in ("a2", "b1"):
        server = lab.host(name).endpoint(socket.SOCK_DGRAM)
        server.bind((str(lab.host(name).address), 8472))
        client = lab.host("a1").endpoint(socket.SOCK_DGRAM)
        client.connect(server.getsockname())
        made.append((client, server))
    yield made
    for ends in made:
        for end in ends:
            end.close()


def test_replacing_rules_that_allow_a_packet_loses_none(lab, flows):
    open_ones = {"a2": (ALL_IN,), "b1": (ALL_IN,)}
    worlds = [
        with_groups(world(), a1=(*LONG, ALL_OUT), **open_ones),
        without_eni(with_groups(world(), a1=(*LONG[1:], ALL_OUT), **open_ones), "a3"),
    ]
    lab.fabric.apply(worlds[1])
    with Flood(flows) as datagrams:
        for number in range(CHANGES):
            lab.fabric.apply(worlds[number % 2])

    assert datagrams.arrived == datagrams.sent
