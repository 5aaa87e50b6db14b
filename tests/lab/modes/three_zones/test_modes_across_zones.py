"""The modes that carry packets across subnets, and a node that sleeps through a switch."""

import pytest

from lab.cli import cluster, kept
from lab.cli import nodes as nodes_of
from plan.routing import RoutingMode
from tests.lab.modes.checks import packets_go_the_way_of_the_mode, told

pytestmark = pytest.mark.lab


def test_vpc_routes(lab):
    lab.change(routing=RoutingMode.VPC_ROUTES)

    packets_go_the_way_of_the_mode(lab)


def test_a_node_that_sleeps_through_a_switch_wakes_in_the_new_mode(lab):
    sleeper = lab.node("node-4")
    lab.ec2.stop_instances(InstanceIds=[sleeper.instance_id])
    kept.keep(lab.home, "lab", {"podnet:routing": "overlay"})
    switched = lab.engine().up()
    lab.ec2.start_instances(InstanceIds=[sleeper.instance_id])
    lab.settle()

    assert not [step for step in switched.changes if "Instance" in step.type]
    assert nodes_of.routing_of(lab.node("node-4")) == told(lab)["node-1"]
    assert lab.node("node-4").pid != sleeper.pid
    packets_go_the_way_of_the_mode(lab)


def test_hybrid(lab):
    lab.change(routing=RoutingMode.OVERLAY, crossZoneOnly=True)

    packets_go_the_way_of_the_mode(lab)


def test_l2(lab):
    lab.change(routing=RoutingMode.L2, crossZoneOnly=False)
    lab.pods = cluster.renew_pods(lab.nodes)

    packets_go_the_way_of_the_mode(lab)
