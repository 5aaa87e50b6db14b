"""A rule that the controller of load balancers writes into the nodes' group, and its packets."""

import socket
from functools import partial
from pathlib import Path

import pytest

from podnet.plan.routing import RoutingMode
from podnet.system.netns import inside
from tests.lab.modes.router import Router

pytestmark = [pytest.mark.lab, pytest.mark.long]

PORT = 30080


@pytest.fixture(scope="module")
def balancer(lab):
    lab.change(routing=RoutingMode.VPC_ROUTES)
    balancer = Router(lab)
    (group,) = lab.ec2.describe_security_groups(
        Filters=[{"Name": "tag:Name", "Values": ["lab-nodes"]}]
    )["SecurityGroups"]
    lab.ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 30000,
                "ToPort": 32767,
                "UserIdGroupPairs": [{"GroupId": balancer.group}],
            }
        ],
    )
    yield balancer
    lab.change(firewall="exclusive")
    balancer.delete()


def rules(lab, balancer):
    """The rules that name the group of load balancers."""
    found = lab.ec2.describe_security_group_rules()["SecurityGroupRules"]
    return {
        rule["SecurityGroupRuleId"]
        for rule in found
        if rule.get("ReferencedGroupInfo", {}).get("GroupId") == balancer.group
    }


def connects(lab, balancer):
    """Whether the load balancer reaches a NodePort of a node."""
    node = lab.node("node-1")
    stream = partial(socket.socket, socket.AF_INET, socket.SOCK_STREAM)
    with (
        inside(node.netns, stream) as listener,
        inside(Path("/run/netns", balancer.namespace), stream) as client,
    ):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(node.address), PORT))
        listener.listen()
        client.settimeout(2)
        try:
            client.connect(listener.getsockname())
        except TimeoutError:
            return False
        return True


def test_a_shared_firewall_leaves_it_through_a_switch_and_an_exclusive_one_names_and_revokes_it(
    lab, balancer, caplog
):
    (rule,) = rules(lab, balancer)
    words = f"{rule}: tcp 30000-32767 from {balancer.group}"
    lab.change(firewall="shared", routing=RoutingMode.HOST_GW)
    left = rules(lab, balancer), connects(lab, balancer), words in caplog.text

    lab.change(firewall="exclusive")

    assert left == ({rule}, True, False)
    assert words in caplog.text
    assert rules(lab, balancer) == set()
    assert not connects(lab, balancer)
    assert lab.red() == set()
