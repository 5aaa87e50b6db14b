"""From one zone to three and back while pods talk: no node moves, and no packet is lost."""

import pytest

from podnet.plan.routing import RoutingMode
from tests.lab.modes.checks import assigned, packets_go_the_way_of_the_mode

pytestmark = [pytest.mark.lab, pytest.mark.long]


@pytest.fixture(scope="module")
def lab(make_lab):
    made = make_lab()
    made.change(zones=1, nodeCount=2, nodeRangePrefix=28)
    return made


@pytest.mark.parametrize("mode", [RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY])
def test_more_zones_and_fewer_lose_nothing_between_the_nodes_that_are_there(lab, mode):
    lab.change(routing=mode, zones=1, nodeCount=2)
    boots, instances, nodes = lab.boot_ids(), lab.instance_ids(), lab.outputs["nodes"]

    with lab.traffic() as traffic:
        grown = lab.change(zones=3, nodeCount="[2, 1, 1]")
        losses = traffic.stop()

    assert (losses.lost, losses.broken) == (0, ())
    assert not [step for step in grown.changes if step.op in ("replace", "delete")]
    assert set(lab.outputs["nodes"]) == {"node-1", "node-2", "node-17", "node-33"}
    assert lab.outputs["nodes"]["node-17"]["privateIp"] == "192.168.2.11"
    assert {name: lab.outputs["nodes"][name] for name in nodes} == nodes
    assert {name: lab.boot_ids()[name] for name in boots} == boots
    assert {name: lab.instance_ids()[name] for name in instances} == instances
    assert {tag.split()[1] for tag in assigned(lab).values()} == {"zones=3"}
    packets_go_the_way_of_the_mode(lab)

    lab.change(zones=1, nodeCount=2)
    assert lab.boot_ids() == boots
    assert lab.up().changes == ()
    packets_go_the_way_of_the_mode(lab)
