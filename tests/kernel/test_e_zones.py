"""GRE between zones alone, and the nodes' own wire within one."""

import pytest

from tests.kernel.conftest import deployed

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def zones():
    """Two nodes in each of two zones."""
    with deployed(
        nodeCount=2, zones=2, routing="overlay", encapsulation="gre", crossZoneOnly="true"
    ) as found:
        yield found


def test_gre_carries_what_crosses_zones_and_nothing_else(zones):
    found = zones.inside("capture")

    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
    assert found["pairs"] == 12 * 11
    assert found["carriers"] == ["gre 1"]


@pytest.mark.parametrize(
    ("encapsulation", "carriers"), [("vxlan", ["vxlan"]), ("gre", ["gre 1"])], ids=str
)
def test_a_switch_of_what_crosses_zones_loses_nothing(zones, encapsulation, carriers):
    found = zones.inside("switch", "overlay", encapsulation)

    assert (found["lost"], found["broken"]) == (0, 0), found["worst"]
    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
    assert found["carriers"] == carriers
