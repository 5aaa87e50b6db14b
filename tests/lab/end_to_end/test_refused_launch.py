"""A roll whose replacement AWS refuses: the node is named, missed, and comes back."""

import pytest

from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.operations.rolling import roll_one
from tests.lab.end_to_end.test_missing import matrix_of
from tests.refusals import refused

pytestmark = pytest.mark.lab


def treat(lab, *faults):
    control.change(lab.stack.endpoint, Settings.of(faults))


@pytest.mark.long
@pytest.mark.parametrize("fault", ["no-capacity=always", "address-taken=first"])
def test_a_node_that_a_roll_lost_is_named_missed_and_comes_back(lab, fault):
    lab.change(nodeCount=2, instanceType="t3.small")
    lab.stack.save({"podnet:instanceType": "t3.large"})
    treat(lab, fault)
    with refused("roll-node-lost") as caught:
        roll_one(lab.stack, "node-2")
    verdict, status = matrix_of(lab), lab.podnet("status")
    former = lab.stack.engine().outputs()["nodes"]["node-2"]
    treat(lab)
    for interface in lab.ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["Somebody else's"]}]
    )["NetworkInterfaces"]:
        lab.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    lab.change(instanceType=former["instanceType"])

    assert "podnet up -c instanceType=t3.small -c imageId=ami-" in str(caught.value)
    assert (verdict.pairs, verdict.passed) == (30, 6)
    assert verdict.missing["node-2"] == "node-2 has no instance; `podnet up` creates it"
    assert [line for line in status.splitlines() if "node-2" in line and "missing" in line]
    assert lab.red() == set()
