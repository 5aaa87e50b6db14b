"""Instances as nodes, from the user data that a stack deploys."""

from __future__ import annotations

from base64 import b64decode

import pytest

from podnet import userdata
from podnet.lab.nodes.discovery import running_nodes, why_not_ready
from podnet.plan import config

pytestmark = pytest.mark.lab

SETTINGS = config.load({"podnet:vpcCidr": "172.20.4.0/24"})


def test_a_node_becomes_ready_by_the_user_data_of_a_stack_and_not_without(cloud):
    plain = cloud.booted("node-1")
    user_data = b64decode(userdata.encoded(SETTINGS))
    instance = cloud.launch(
        "172.20.4.20",
        "node-10",
        UserData=user_data,
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [
                    {"Key": "podnet:node", "Value": "node-10"},
                    {"Key": "podnet:stack", "Value": "lab"},
                    {"Key": "podnet:routing", "Value": SETTINGS.node_routing.tag()},
                ],
            }
        ],
    )
    node = cloud.node("node-10")
    reasons = [why_not_ready(plain), why_not_ready(node)]
    cloud.until(lambda: why_not_ready(node) is None, "the node is ready")

    assert reasons == ["/etc/cni/net.d/10-mynet.conflist is not there yet"] * 2
    assert [found.name for found in running_nodes(cloud.home, cloud.ec2)] == [
        "node-1",
        "node-2",
        "node-10",
    ]
    assert running_nodes(cloud.home, cloud.ec2, "lab") == [node]
    assert running_nodes(cloud.home, cloud.ec2, "other") == []
    cloud.ec2.terminate_instances(InstanceIds=[instance])
