"""Every switch that pods live through, while all of them talk."""

from itertools import pairwise

import pytest

from podnet.lab.operations import switching
from podnet.lab.operations.deployment import up
from podnet.lab.operations.verification import verify
from podnet.plan.routing import RoutingMode

pytestmark = pytest.mark.lab

SWITCHES = list(pairwise(switching.tour(switching.LIVE, RoutingMode.VPC_ROUTES)))


@pytest.fixture(scope="module")
def verifications(lab):
    """The last verification, of the mode that the switch before ended in."""
    lab.change(routing=RoutingMode.VPC_ROUTES)
    return [verify(lab.stack, up(lab.stack))]


@pytest.mark.parametrize(("before", "after"), SWITCHES, ids=str)
def test_a_switch_loses_no_datagram_no_connection_and_no_node(lab, verifications, before, after):
    assert verifications[-1].summary.outputs["routing"] == before

    verification, switch = switching.switch_once(lab.stack, verifications[-1], before, after)
    verifications.append(verification)

    assert switch.losses.lost == 0, switch.losses.worst()
    assert switch.losses.broken == ()
    assert switch.replaced == []
    assert switch.matrix.failed == ()
    # All pairs of 8 pods; a machine that is short of time may send somewhat fewer a second.
    assert switch.losses.sent > 8 * 7 * 80 * switch.losses.seconds
    assert switch.losses.seconds > 5, "the switch was over before its wait for the nodes"
