"""Instances as nodes, from the user data that a stack deploys."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from podnet import userdata
from podnet.lab.nodes.discovery import running_nodes, why_not_ready
from podnet.lab.nodes.node import Node
from podnet.plan import config

pytestmark = pytest.mark.lab

SETTINGS = config.load({"podnet:vpcCidr": "172.20.4.0/24", "podnet:routing": "host-gw"})
RELOAD = """
ip -4 monitor address route >/tmp/monitor & monitor=$!
sleep 0.2
for folder in /etc/systemd/network/*.network.d; do
  printf '[Network]\\nLLMNR=no\\n' >"$folder/zz-test.conf"
done
networkctl reload
sleep 1
kill $monitor
grep Deleted /tmp/monitor || true
"""
# In place of 40 seconds.
HASTY_WATCHDOG = """
cd /run/systemd/system
mkdir podnet-agent.service.d
printf '[Service]\\nWatchdogSec=6\\nRestartSec=1\\n' >podnet-agent.service.d/test.conf
systemctl daemon-reload
systemctl restart podnet-agent
"""


def test_a_node_becomes_ready_by_the_user_data_of_a_stack_and_not_without(cloud):
    plain = cloud.booted("node-1")
    user_data = b64decode(userdata.encoded(SETTINGS, "dev"))
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

    assert reasons[0] == "/etc/cni/net.d/10-mynet.conflist is not there yet"
    assert reasons[1] == reasons[0] or reasons[1].startswith("cloud-init ")
    assert [found.name for found in running_nodes(cloud.home, cloud.ec2)] == [
        "node-1",
        "node-2",
        "node-10",
    ]
    assert running_nodes(cloud.home, cloud.ec2, "lab") == [node]
    assert running_nodes(cloud.home, cloud.ec2, "other") == []
    assert len(json.loads(node.run("ip", "-j", "route", "show", "proto", "112"))) == 52
    assert node.run("sh", "-ec", RELOAD) == ""
    node.run("sh", "-ec", HASTY_WATCHDOG)
    frozen = main_process(node)
    node.run("kill", "-STOP", frozen)
    cloud.until(
        lambda: main_process(node) not in ("0", frozen) and why_not_ready(node) is None,
        "systemd restarts the frozen agent",
        20,
    )
    cloud.ec2.terminate_instances(InstanceIds=[instance])


def main_process(node: Node) -> str:
    return node.run("systemctl", "show", "-p", "MainPID", "--value", "podnet-agent").strip()
