"""Every mode on Debian's kernel: its matrix, its packets on the wire, and the way to it."""

import pytest

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("mode", ["host-gw", "overlay"])
def test_a_live_switch_loses_nothing_and_packets_go_the_way_of_the_mode(machine, mode):
    found = machine.inside("switch", mode)

    assert (found["lost"], found["broken"]) == (0, 0)
    assert found["sent"] > 1000
    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]


def test_pods_on_one_ethernet_reach_each_other_over_vxlan(machine):
    found = machine.inside("switch", "l2")

    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
