"""Every switch that pods live through, while all of them talk."""

from itertools import pairwise

import pytest

from lab.cli import switching
from plan.routing import RoutingMode

pytestmark = pytest.mark.lab

LEGS = list(pairwise(switching.route(switching.LIVE, RoutingMode.VPC_ROUTES)))


@pytest.fixture(scope="module")
def proofs(lab):
    """The last proof, of the mode that the leg before ended in."""
    lab.change(routing=RoutingMode.VPC_ROUTES)
    return [lab.target.prove(lab.target.up())]


@pytest.mark.parametrize(("before", "after"), LEGS, ids=str)
def test_a_switch_loses_no_datagram_and_no_connection_and_no_node(lab, proofs, before, after):
    assert proofs[-1].summary.outputs["routing"] == before

    proof, leg = switching.take(lab.target, proofs[-1], before, after)
    proofs.append(proof)

    assert leg.losses.lost == 0, leg.losses.worst()
    assert leg.losses.broken == ()
    assert leg.replaced == []
    assert leg.matrix.failed == ()
    # All pairs of 8 pods; a machine that is short of time may send somewhat fewer a second.
    assert leg.losses.sent > 8 * 7 * 80 * leg.losses.seconds
    assert leg.losses.seconds > 5, "the switch was over before its wait for the nodes"
