"""Packets between nodes in every mode, on a wire that carries no more than the mode needs."""

from itertools import permutations

import pytest

from podnet.lab.host import preflight
from podnet.system.commands import run

pytestmark = pytest.mark.lab

needs_gre = pytest.mark.skipif(preflight.makes_no("gre"), reason="this kernel has no GRE")
BY_GRE = [pytest.param(mode, marks=needs_gre) for mode in ("overlay-gre", "hybrid-gre")]
MODES = ("vpc-routes", "host-gw", "overlay", "hybrid", "l2", "l2-ethernet", *BY_GRE)
ENCAPSULATED = ("overlay", "overlay-gre", "l2")
FIELDS = "zones=1 vni=1 port=8472"


@pytest.mark.parametrize("mode", MODES)
def test_every_pair_sees_the_others_own_address(mode, vpc, machines, started, source_seen):
    if mode != "vpc-routes":
        vpc.forget_pods()
    if mode in ENCAPSULATED:
        vpc.refuse_pods()
    started(f"{mode} {FIELDS}")
    prefix = 16 if mode.startswith("l2") else None
    places = {}
    for machine in machines:
        places[machine.name] = machine.address
        pods = [machine.add_pod(host, prefix) for host in (2, 3)]
        places |= {pod: pod.address for pod in pods}
    # To its own pods a node may speak by the address of the bridge that they are on.
    gateways = {machine.name: str(machine.block[1]) for machine in machines}

    seen = {(one, two): source_seen(one, two, places[two]) for one, two in permutations(places, 2)}

    strange = {
        (one, two): source
        for (one, two), source in seen.items()
        if source != places[one] and (source is None or source != gateways.get(one))
    }
    assert strange == {}


@pytest.mark.parametrize("mode", MODES)
def test_no_pod_speaks_for_a_pod_of_another_node(mode, machines, started, source_seen):
    started(f"{mode} {FIELDS}")
    prefix = 16 if mode.startswith("l2") else None
    liar, target = (machine.add_pod(2, prefix) for machine in machines[:2])
    run("ip", "-n", liar, "address", "add", "10.1.3.77/32", "dev", "eth0")
    assert source_seen(liar, target, target.address) == liar.address

    assert source_seen(liar, target, target.address, source="10.1.3.77") is None
