"""Every mode on Debian's kernel: its matrix, its packets on the wire, and the way to it."""

import pytest

pytestmark = pytest.mark.kernel


VXLAN, GRE = (["vxlan"], ["gre 1"])
"""What carries packets of pods on the wire; of GRE with its key."""


@pytest.mark.parametrize(
    ("before", "mode", "encapsulation", "carriers"),
    [
        ("vpc-routes", "overlay", "gre", GRE),
        ("overlay-gre", "overlay", "vxlan", VXLAN),
        ("overlay", "host-gw", "vxlan", []),
        ("host-gw", "overlay", "gre", GRE),
    ],
)
def test_a_live_switch_loses_nothing_and_packets_go_the_way_of_the_mode(
    machine, before, mode, encapsulation, carriers
):
    found = machine.inside("switch", mode, encapsulation)

    assert found["before"] == before

    assert (found["lost"], found["broken"]) == (0, 0), found["worst"]
    assert found["sent"] > 1000
    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
    assert found["carriers"] == carriers


@pytest.mark.parametrize("kinds", [("gre",), ("nodes", "gre")], ids="-".join)
def test_without_its_rules_gre_is_dropped_where_the_verifier_says_so(machine, kinds):
    found = machine.inside("agreement", *kinds)

    assert found["packets"] == found["paper"]
    # What lets all of the nodes' packets in lets GRE in too.
    assert bool(found["paper"]) == ("nodes" in kinds)


def test_pods_on_one_ethernet_reach_each_other_over_vxlan(machine):
    found = machine.inside("switch", "l2")

    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
