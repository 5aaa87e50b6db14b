"""A switch that is cut off after any of its steps, and the next deployment that goes on."""

import os

import pytest

from lab.cloud import control
from plan.routing import RoutingMode
from tests.lab.modes.checks import followed

pytestmark = pytest.mark.lab

KILLED = 9


def cut_off_after_one_change(lab, **settings):
    """Deploy in a process that ends itself after its first change; whether it came to that."""
    child = os.fork()
    if child == 0:
        try:
            lab.engine(note=_die_after_a_change, **settings).up()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def _die_after_a_change(text):
    if not text.startswith("0 done"):
        os._exit(KILLED)


# What a switch adds and removes is different one way and the other; the program's own tests cut off
# every switch at every step, and look at the cloud instead of at packets.
WAYS = {
    # A rule more, four tags, their end, the rules alone, four routes and a rule less.
    (RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY): 12,
    # A rule and four routes more, four tags, their end, the rules alone, and a rule less.
    (RoutingMode.OVERLAY, RoutingMode.VPC_ROUTES): 12,
}


@pytest.mark.parametrize(("before", "after"), [*WAYS], ids=str)
def test_after_every_step_all_pairs_work_and_the_next_deployment_goes_on(lab, before, after):
    lab.change(routing=before)
    cuts = 0

    with lab.traffic() as traffic:
        while cut_off_after_one_change(lab, routing=after):
            cuts += 1
            control.settle(lab.home)
            followed(lab)
            assert lab.matrix().failed == (), f"after {cuts} steps"
        losses = traffic.stop()

    assert losses.lost == 0, losses.worst()
    assert losses.broken == ()
    assert cuts >= WAYS[before, after]
    assert lab.change(routing=after).changes == ()
    assert (
        lab.pod_routes()
        == {
            RoutingMode.OVERLAY: set(),
            RoutingMode.VPC_ROUTES: {node["podBlock"] for node in lab.outputs["nodes"].values()},
        }[after]
    )
