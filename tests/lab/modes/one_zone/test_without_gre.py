"""GRE on a kernel without it: refused by the lab, and by the nodes, which keep what they had."""

import os

import pytest

from podnet.errors import UserError
from podnet.lab.engines.errors import EngineError
from podnet.lab.host import preflight
from tests.refusals import refused

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not preflight.makes_no("gre"), reason="this kernel has GRE"),
]

MOST_SECONDS = 900
GRE = {"routing": "overlay", "encapsulation": "gre"}


def test_the_lab_refuses_gre_before_it_changes_anything(lab):
    lab.change(routing="host-gw")
    before = lab.stack.overrides()

    with refused("kernel-lacks-gre") as caught:
        lab.podnet("switch", "overlay", "-c", "encapsulation=gre", "--yes")

    assert f"encapsulation gre needs GRE, which kernel {os.uname().release}" in str(caught.value)
    assert lab.stack.overrides() == before
    assert lab.up().changes == ()


@pytest.mark.long
def test_nodes_without_gre_fail_the_deployment_with_the_reason_and_nothing_is_lost(lab):
    lab.change(routing="host-gw")

    with lab.traffic(MOST_SECONDS) as traffic:
        # Past the lab's own refusal, as on AWS with an image of somebody's own.
        with pytest.raises((UserError, EngineError)) as caught:
            lab.up(**GRE, settleTimeout=30)
        failed = lab.matrix().failed
        lab.up(routing="host-gw")
        losses = traffic.stop()

    said = str(caught.value)
    assert "4 of 4 nodes have not applied the routing 'overlay-gre zones=1 vni=1 port=8472'" in said
    for node in lab.nodes:
        (line,) = (line for line in said.splitlines() if line.startswith(f"  - {node.name} "))
        assert "it has 'host-gw zones=1 vni=1 port=8472'" in line
        assert f"needs GRE, which kernel {os.uname().release} of {node.address} lacks; use" in line
        assert line.endswith("or set podnet:encapsulation to vxlan; the last one stays")
    assert failed == ()
    assert (losses.lost, losses.broken) == (0, ())
