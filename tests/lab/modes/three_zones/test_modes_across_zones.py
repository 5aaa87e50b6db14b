"""The modes that carry packets across subnets, and a node that sleeps through a switch."""

import pytest

from podnet.lab.stack.inventory import applied_routing
from podnet.plan.routing import RoutingMode
from tests.lab.modes.checks import assigned, packets_go_the_way_of_the_mode

pytestmark = pytest.mark.lab


def test_vpc_routes(lab):
    lab.change(routing=RoutingMode.VPC_ROUTES)

    packets_go_the_way_of_the_mode(lab)


def test_a_node_that_sleeps_through_a_switch_wakes_in_the_new_mode(lab):
    sleeper = lab.node("node-33")
    lab.ec2.stop_instances(InstanceIds=[sleeper.instance_id])
    lab.stack.save({"podnet:routing": "overlay"})
    switched = lab.engine().up()
    lab.ec2.start_instances(InstanceIds=[sleeper.instance_id])
    lab.wait_until_applied()

    assert not [step for step in switched.changes if "Instance" in step.type]
    assert applied_routing(lab.node("node-33")) == assigned(lab)["node-1"]
    assert lab.node("node-33").pid != sleeper.pid
    packets_go_the_way_of_the_mode(lab)


def test_hybrid(lab):
    lab.change(routing=RoutingMode.OVERLAY, crossZoneOnly=True)

    packets_go_the_way_of_the_mode(lab)


def test_l2(lab):
    lab.change(routing=RoutingMode.L2, crossZoneOnly=False)
    lab.replace_pods()

    packets_go_the_way_of_the_mode(lab)
