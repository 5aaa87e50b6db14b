"""Nodes that boot, and a switch, while the instance metadata service is slow or fails."""

import re

import pytest

from podnet.errors import UserError
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.nodes.discovery import NO_USER_DATA, running_nodes, why_not_ready
from podnet.system.waiting import wait_until
from tests.lab.conftest import Labs
from tests.refusals import refused

pytestmark = [pytest.mark.lab, pytest.mark.long]

REBOOT_SECONDS = 60
REBOOTS = 5


def treat(lab, *faults):
    control.change(lab.stack.endpoint, Settings.of(faults))


def without_user_data(lab):
    return [
        node for node in running_nodes(lab.home, lab.ec2) if why_not_ready(node) == NO_USER_DATA
    ]


def reboot(lab, node):
    """As the message says, and until another process 1 runs."""
    lab.ec2.reboot_instances(InstanceIds=[node.instance_id])

    def booted():
        found = {each.name: each.pid for each in running_nodes(lab.home, lab.ec2)}
        return found.get(node.name, node.pid) != node.pid

    assert wait_until(booted, REBOOT_SECONDS), f"{node.name} did not boot again"


@pytest.fixture
def lab():
    """A lab without nodes, for one test."""
    labs = Labs()
    yield labs.make()
    labs.end()


def test_nodes_whose_metadata_takes_its_time_are_waited_for(lab):
    treat(lab, "metadata-slow=3")
    lab.up(nodeCount=3)

    assert lab.red() == set()


def test_a_node_that_gets_no_user_data_is_named_and_a_reboot_gives_it(lab):
    treat(lab, "metadata-error=always")
    with refused("nodes-not-ready") as caught:
        lab.up(nodeCount=3, settleTimeout=30)
    refusal = str(caught.value)
    stranded = without_user_data(lab)
    treat(lab)
    for node in stranded:
        reboot(lab, node)
    lab.up(nodeCount=3)

    assert len(stranded) == 3
    for node in stranded:
        assert f"- {node.name}: {NO_USER_DATA}" in refusal
        assert f"`podnet exec {node.name} -- systemctl reboot`" in refusal
        assert node.instance_id in refusal
    assert lab.red() == set()


def test_nodes_boot_in_front_of_a_service_that_fails_now_and_then_or_a_reboot_is_named(lab):
    treat(lab, "metadata-error=2")
    reboots = 0
    while refusal := refusal_of_up(lab):
        stranded = without_user_data(lab)
        named = set(re.findall("`podnet exec (.*?) -- systemctl reboot`", str(refusal)))
        assert (refusal.rule, named) == ("nodes-not-ready", {node.name for node in stranded})
        for node in stranded:
            reboot(lab, node)
        reboots += 1
        assert reboots < REBOOTS

    assert lab.red() == set()


def refusal_of_up(lab):
    try:
        lab.up(nodeCount=3, settleTimeout=30)
    except UserError as error:
        return error
    return None


@pytest.mark.parametrize("when", ["2", "30%"])
def test_a_switch_loses_nothing_where_nodes_get_an_error_now_and_then(lab, when):
    lab.change(nodeCount=2)
    treat(lab, f"metadata-error={when}")
    losses = losses_of_a_switch(lab)

    assert losses.none, losses.worst()


def test_a_switch_loses_nothing_where_nodes_read_their_tag_late(lab):
    lab.change(nodeCount=2)
    # Longer than an agent waits for an answer.
    treat(lab, "metadata-slow=6")
    losses = losses_of_a_switch(lab)

    assert losses.none, losses.worst()


def losses_of_a_switch(lab):
    with lab.traffic() as traffic:
        lab.change(routing="overlay")
        return traffic.stop()
