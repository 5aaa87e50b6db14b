"""A switch that is cut off after any of its steps, and the next deployment that goes on."""

import os
from multiprocessing import get_context

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.home import Home
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import RoutingMode
from tests.lab.modes.checks import followed

pytestmark = [pytest.mark.lab, pytest.mark.long]

KILLED = 9


# A fork of this process would go on with the sockets and no threads of gRPC, with which programs
# register hooks. The server from which these processes fork has none of either yet.
CLEAN = get_context("forkserver")
CLEAN.set_forkserver_preload(["podnet.lab.engines.embedded", "pulumi_aws.ec2"])


def cut_off_after_one_change(lab, **settings):
    """Deploy in a process that ends itself after its first change; whether it came to that."""
    once = {f"podnet:{key}": str(value) for key, value in settings.items()}
    place = (lab.home.directory, lab.stack.endpoint)
    process = CLEAN.Process(target=_deploy, args=(*place, once))
    process.start()
    process.join()
    assert process.exitcode in (0, KILLED)
    return process.exitcode == KILLED


def _deploy(directory, endpoint, once):
    stack = LabStack(Home.open(directory), "lab", endpoint, EngineKind.EMBEDDED)
    stack.engine(_die_after_a_change, once).up()


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
            lifecycle.wait_until_applied(lab.home)
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
