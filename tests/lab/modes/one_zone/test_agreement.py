"""The verifier and the lab's packets agree on every pair, in broken VPCs as in whole ones."""

import pytest

from podnet.verify.packet import Cause
from tests.lab.modes.agreement import compare, switch

pytestmark = pytest.mark.lab

MODES = (
    "vpc-routes",
    *(pytest.param(mode, marks=pytest.mark.long) for mode in ("host-gw", "overlay", "l2")),
)
SEEN = "seen"

FAULTS = {
    "nothing": (lambda _: (), ()),
    "check": (lambda vpc: [vpc.check("node-2")], (Cause.SOURCE_CHECK, Cause.DESTINATION_CHECK)),
    "all checks": (
        lambda vpc: [vpc.check("node-1", "node-2", "node-3", "node-4")],
        (Cause.SOURCE_CHECK, Cause.DESTINATION_CHECK),
    ),
    "no rule for pods": (
        lambda vpc: [vpc.without_rules("pods", "vxlan")],
        (Cause.INGRESS,),
    ),
    "no rule for nodes": (
        lambda vpc: [vpc.without_rules("nodes")],
        (Cause.INGRESS,),
    ),
    "neither": (
        lambda vpc: [vpc.without_rules("pods", "vxlan", "nodes")],
        (Cause.INGRESS,),
    ),
    "one block": (
        lambda vpc: [
            vpc.without_rules("pods", "vxlan", "nodes"),
            vpc.rule("10.1.2.0/24"),
            vpc.rule("192.168.1.12/32"),
        ],
        (Cause.INGRESS,),
    ),
    "TCP alone": (
        lambda vpc: [
            vpc.without_rules("pods", "vxlan", "nodes"),
            vpc.rule("0.0.0.0/0", "tcp", (0, 65535)),
        ],
        (Cause.INGRESS,),
    ),
    "another port of UDP": (
        lambda vpc: [
            vpc.without_rules("pods", "vxlan", "nodes"),
            vpc.rule("0.0.0.0/0", "udp", (4789, 4789)),
        ],
        (Cause.INGRESS,),
    ),
    "nothing out": (lambda vpc: [vpc.without_rules(egress=True)], (Cause.EGRESS,)),
    "out to nodes alone": (
        lambda vpc: [
            vpc.without_rules(egress=True),
            vpc.rule("192.168.1.0/24", egress=True),
        ],
        (Cause.EGRESS,),
    ),
    "another group": (lambda vpc: [vpc.groups("node-3")], (Cause.INGRESS, Cause.EGRESS)),
    "no way out": (lambda vpc: [vpc.no_route("0.0.0.0/0")], (Cause.NO_ROUTE,)),
    "blackhole": (lambda vpc: [vpc.route("10.1.2.0/24")], (Cause.BLACKHOLE,)),
    "half a blackhole": (lambda vpc: [vpc.route("10.1.3.0/25")], (Cause.BLACKHOLE,)),
    "to another node": (lambda vpc: [vpc.route("10.1.2.0/24", "node-4")], (Cause.LOOP,)),
    "all pods to a node": (lambda vpc: [vpc.route("10.1.0.0/16", "node-1")], ()),
    "another VNI": (lambda vpc: [vpc.routing("node-2", vni=40)], (Cause.NO_DEVICE,)),
    "another port": (lambda vpc: [vpc.routing("node-2", port=4789)], (Cause.NO_DEVICE,)),
    "another mode": (lambda vpc: [vpc.routing("node-2", mode="overlay")], (Cause.INGRESS,)),
    "check and rule": (
        lambda vpc: [vpc.check("node-1"), vpc.without_rules("pods", "vxlan")],
        (Cause.SOURCE_CHECK, Cause.DESTINATION_CHECK, Cause.INGRESS),
    ),
}


@pytest.fixture(scope="module", params=MODES)
def mode(request, lab):
    switch(lab, request.param)


@pytest.mark.parametrize("fault", FAULTS)
def test_paper_and_packets_agree(lab, mode, fault):
    faults, causes = FAULTS[fault]

    proof, on_paper, with_packets = compare(lab, faults)

    assert on_paper == with_packets
    assert named(proof) <= {*causes}


def named(proof):
    """The causes that the proof names."""
    return {getattr(verdict.failure, "cause", SEEN) for verdict in proof.failed}
