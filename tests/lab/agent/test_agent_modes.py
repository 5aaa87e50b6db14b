"""Packets between nodes in every mode, on a switch that lets everything pass."""

from itertools import permutations

import pytest

pytestmark = pytest.mark.lab

MODES = ("vpc-routes", "host-gw", "overlay", "hybrid", "l2", "l2-ethernet")
TELLS = "max=4 vni=1 port=8472"


@pytest.mark.parametrize("mode", MODES)
def test_every_pair_sees_the_others_own_address(mode, machines, started, source_seen):
    started(f"{mode} {TELLS}")
    prefix = 16 if mode.startswith("l2") else None
    places = {}
    for machine in machines:
        places[machine.name] = machine.address
        pods = [machine.add_pod(host, prefix) for host in (2, 3)]
        places |= {pod: pod.address for pod in pods}
    expected = {(one, two): places[one] for one, two in permutations(places, 2)}

    own = {machine.name: str(machine.block[1]) for machine in machines}
    seen = {(one, two): source_seen(one, two, places[two]) for one, two in expected}

    strange = {
        pair: source
        for pair, source in seen.items()
        if source not in (expected[pair], own.get(pair[0]))
    }
    assert strange == {}
