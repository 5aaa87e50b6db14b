"""Nodes change their mode while pods talk."""

import time
from contextlib import ExitStack
from itertools import pairwise, permutations

import pytest
from exchange import Exchange

from podnet.lab.host import preflight

pytestmark = pytest.mark.lab

PATIENCE = 60
"""How long a busy machine may take; what is tested here is what is lost, not how long it takes."""
FIELDS = "zones=1 vni=1 port=8472"
ROUTED = ("vpc-routes", "host-gw", "overlay")


# Every ordered pair, one after the other.
ROUND = ("vpc-routes", "host-gw", "vpc-routes", "overlay", "host-gw", "overlay", "vpc-routes")


GRE = "overlay-gre"
GRE_ROUND = ("vpc-routes", GRE, "host-gw", GRE, "overlay", GRE, "hybrid-gre", GRE, "vpc-routes")
"""Every ordered pair with GRE in it, and its hybrid."""


def test_the_round_holds_every_ordered_pair():
    assert set(pairwise(ROUND)) == set(permutations(ROUTED, 2))


def switch_one_by_one(machines, mode, eventually):
    """Change the nodes in turn, so that for a while each differs from its peers."""
    for machine in machines:
        machine.tag(f"{mode} {FIELDS}")
        assert eventually(
            lambda one=machine: one.cache_file.read_text() == f"{mode} {FIELDS}\n", PATIENCE
        )


def test_a_switch_loses_nothing(machines, started, eventually):
    started(f"{ROUND[0]} {FIELDS}")
    with Exchange([machine.add_pod(2) for machine in machines]) as exchanged:
        for mode in ROUND[1:]:
            switch_one_by_one(machines, mode, eventually)
        time.sleep(1)

    assert exchanged.sent > 500
    assert exchanged.lost == {}


@pytest.mark.skipif(preflight.makes_no("gre"), reason="this kernel has no GRE")
def test_a_switch_to_and_from_gre_loses_nothing(machines, started, eventually):
    started(f"{GRE_ROUND[0]} {FIELDS}")
    with Exchange([machine.add_pod(2) for machine in machines]) as exchanged:
        for mode in GRE_ROUND[1:]:
            switch_one_by_one(machines, mode, eventually)
        time.sleep(1)

    assert exchanged.sent > 500
    assert exchanged.lost == {}


def test_routes_are_changed_in_place(vpc, machines, started, eventually):
    # A hundred datagrams a second do not show a gap of a millisecond; the kernel does.
    vpc.forget_pods()
    started(f"overlay {FIELDS}")
    with Exchange([machine.add_pod(2) for machine in machines]) as exchanged, ExitStack() as stack:
        logs = [stack.enter_context(machine.watch_routes()) for machine in machines]
        for mode in ("host-gw", "overlay"):
            switch_one_by_one(machines, mode, eventually)
            time.sleep(1)

    changes = [
        line.replace("Deleted ", "-") for log in logs for line in log.read_text().splitlines()
    ]
    assert exchanged.lost == {}
    assert len([line for line in changes if line.startswith("10.1.")]) == 2 * 3 * len(machines)
    assert [line for line in changes if line.startswith("-10.1.")] == []


def test_pods_of_l2_are_reached_after_a_switch_to_routes(
    machines, started, source_seen, eventually
):
    started(f"l2 {FIELDS}")
    pods = [machine.add_pod(2, prefix=16) for machine in machines]
    for one, two in permutations(pods, 2):
        assert source_seen(one, two, two.address) == one.address
    for machine in machines:
        machine.tag(f"overlay {FIELDS}")
    assert eventually(
        lambda: (
            all(machine.routes("112") for machine in machines)
            and all(
                "podnet0" in route for machine in machines for route in machine.routes().values()
            )
        ),
        PATIENCE,
    )
    newcomers = [machine.add_pod(3) for machine in machines]

    seen = {
        (one, two): source_seen(one, two, two.address)
        for one, two in permutations([*pods, *newcomers], 2)
    }

    assert seen == {(one, two): one.address for one, two in seen}
