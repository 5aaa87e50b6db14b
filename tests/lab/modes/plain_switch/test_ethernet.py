"""Mode l2 with the uplink `ethernet`, on the one fabric that carries it."""

import pytest

from podnet.plan.routing import RoutingMode
from tests.lab.modes.wire import Wire, crossing

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(labs):
    return labs.share("switch", nodeCount=4, routing=RoutingMode.L2, uplink="ethernet")


def test_pods_are_on_the_nodes_own_wire_and_every_pair_is_green(lab):
    assert lab.outputs["routing"] == "l2"
    with Wire(lab) as wire:
        failed = lab.matrix().failed

    pods = {pod.address for pod in lab.pods}
    assert failed == ()
    assert wire.wrapped == set()
    found = {(packet.source, packet.target) for packet in wire.native}
    assert {pair for pair in found if pods.issuperset(pair)} == {
        (source, target) for source, target, *_ in crossing(lab) if {source, target} <= pods
    }
    # Frames from pod to pod bear the pods' own MACs, not those of nodes or of the router.
    direct = {packet.next_hop for packet in wire.native if {*packet[:2]} <= pods}
    assert direct == {"another"}
