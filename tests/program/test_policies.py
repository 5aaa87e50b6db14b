"""The policy pack's checks: podnet's own plan keeps each of them, a changed one does not."""

from __future__ import annotations

import pytest

from podnet.verify.policies import POLICIES
from podnet.world.plan.file import UNKNOWN, read
from tests.program.plans import Plan
from tests.program.test_plan_file import MODES

CLUSTER = {"kubernetes": "kubeadm", "routing": "flannel", "apiCidrs": '["203.0.113.7/32"]'}
OPEN = {
    **CLUSTER,
    "nodePortCidrs": '["0.0.0.0/0"]',
    "sshCidrs": '["203.0.113.0/24"]',
    "keyName": "mine",
}
ASSOCIATION = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LEGACY = "aws:ec2/securityGroupRule:SecurityGroupRule"
INSTANCE = "aws:ec2/instance:Instance"
HARDENED = {
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    "rootBlockDevice": {"encrypted": True},
}


@pytest.fixture
def plan():
    return Plan.of(nodeCount="3")


def broken(plan):
    """The policies that a plan breaks, as {(policy, name of the resource)}."""
    resources = read(plan.text, "the plan").resources
    return {
        (policy.name, breach.resource.name)
        for policy in POLICIES
        for breach in policy.check(resources)
    }


@pytest.mark.parametrize(
    "settings", [*MODES.values(), CLUSTER, OPEN], ids=[*MODES, "cluster", "open cluster"]
)
def test_the_plan_of_every_mode_keeps_all_policies(settings):
    assert broken(Plan.of(**settings)) == set()


def rule(plan, type_=RULE, **inputs):
    return plan.with_resource(type_, "odd", **inputs)


def metadata(plan, **options):
    whole = plan.find("Instance", "nodes-a-node-2")["inputs"]["metadataOptions"]
    return plan.changed("Instance", "nodes-a-node-2", metadataOptions={**whole, **options})


def to_odd(plan):
    """A route to an instance that is no node."""
    odd = plan.with_resource(INSTANCE, "odd", **HARDENED)
    table = plan.find("RouteTable", "network-a")
    return odd.with_resource(
        "aws:ec2/route:Route",
        "far",
        routeTableId=table,
        destinationCidrBlock="10.200.0.0/16",
        networkInterfaceId=odd.find("Instance", "odd"),
    )


VIOLATIONS = {
    "a node with the check": (
        lambda plan: plan.changed("Instance", "nodes-a-node-2", sourceDestCheck=True),
        ("source-dest-check", "nodes-a-node-2"),
    ),
    "a target of a route with the check": (to_odd, ("source-dest-check", "odd")),
    "another instance without the check": (
        lambda plan: plan.with_resource(INSTANCE, "odd", sourceDestCheck=False, **HARDENED),
        ("source-dest-check", "odd"),
    ),
    "pods inside the VPC": (
        lambda plan: plan.changed("Vpc", "network", cidrBlock="10.0.0.0/8"),
        ("pod-range-outside-vpc", "network"),
    ),
    "pods inside a secondary range": (
        lambda plan: plan.with_resource(ASSOCIATION, "more", cidrBlock="10.1.128.0/17"),
        ("pod-range-outside-vpc", "more"),
    ),
    "VXLAN for the world": (
        lambda plan: rule(plan, ipProtocol="udp", fromPort=8472, toPort=8472, cidrIpv4="0.0.0.0/0"),
        ("encapsulation-not-open", "odd"),
    ),
    "all ports for half of the world": (
        lambda plan: rule(plan, ipProtocol="17", fromPort=0, toPort=65535, cidrIpv4="128.0.0.0/1"),
        ("encapsulation-not-open", "odd"),
    ),
    "everything for the world by IPv6": (
        lambda plan: rule(plan, ipProtocol="-1", cidrIpv6="::/0"),
        ("encapsulation-not-open", "odd"),
    ),
    "GRE for the world": (
        lambda plan: rule(plan, ipProtocol="47", cidrIpv4="0.0.0.0/0"),
        ("encapsulation-not-open", "odd"),
    ),
    "GRE for half of the world with ports": (
        lambda plan: rule(plan, ipProtocol="47", fromPort=1, toPort=2, cidrIpv4="0.0.0.0/1"),
        ("encapsulation-not-open", "odd"),
    ),
    "VXLAN by a rule of the deprecated type": (
        lambda plan: rule(
            plan,
            LEGACY,
            type="ingress",
            protocol="udp",
            fromPort=4789,
            toPort=4789,
            cidrBlocks=["0.0.0.0/0"],
        ),
        ("encapsulation-not-open", "odd"),
    ),
    "metadata without a token": (
        lambda plan: metadata(plan, httpTokens="optional"),
        ("metadata-for-nodes-alone", "nodes-a-node-2"),
    ),
    "metadata for pods": (
        lambda plan: metadata(plan, httpPutResponseHopLimit=2),
        ("metadata-for-nodes-alone", "nodes-a-node-2"),
    ),
    "metadata as EC2 takes it": (
        lambda plan: plan.with_resource(INSTANCE, "odd", rootBlockDevice={"encrypted": True}),
        ("metadata-for-nodes-alone", "odd"),
    ),
    "routes in a table": (
        lambda plan: plan.changed("RouteTable", "network-a", routes=[{"cidrBlock": "10.9.0.0/16"}]),
        ("no-inline-entries", "network-a"),
    ),
    "rules in a group": (
        lambda plan: plan.changed("SecurityGroup", "firewall", ingress=[{"protocol": "-1"}]),
        ("no-inline-entries", "firewall"),
    ),
    "a disk in plain text": (
        lambda plan: plan.changed("Instance", "nodes-a-node-3", rootBlockDevice={"volumeSize": 8}),
        ("encrypted-disks", "nodes-a-node-3"),
    ),
    "a second disk in plain text": (
        lambda plan: plan.changed("Instance", "nodes-a-node-3", ebsBlockDevices=[{}]),
        ("encrypted-disks", "nodes-a-node-3"),
    ),
    "a volume in plain text": (
        lambda plan: plan.with_resource("aws:ebs/volume:Volume", "data", size=8),
        ("encrypted-disks", "data"),
    ),
}


@pytest.mark.parametrize(("change", "breach"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_changed_plan_breaks_its_policy_and_no_other(plan, change, breach):
    assert broken(change(plan)) == {breach}


def test_the_port_of_the_nodes_own_routing_counts():
    plan = Plan.of(nodeCount="3", routing="overlay", vxlanPort="4000")
    at = {"ipProtocol": "udp", "fromPort": 4000, "toPort": 4000, "cidrIpv4": "0.0.0.0/0"}

    assert broken(rule(plan, **at)) == {("encapsulation-not-open", "odd")}
    assert broken(rule(Plan.of(nodeCount="3"), **at)) == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: rule(plan, ipProtocol="tcp", fromPort=0, toPort=65535, cidrIpv4="0.0.0.0/0"),
        lambda plan: rule(
            plan, ipProtocol="udp", fromPort=8472, toPort=8472, cidrIpv4="10.0.0.0/8"
        ),
        lambda plan: rule(plan, ipProtocol="47", cidrIpv4="10.0.0.0/8"),
        lambda plan: rule(plan, ipProtocol="50", cidrIpv4="0.0.0.0/0"),
        lambda plan: metadata(plan, httpTokens=UNKNOWN),
        lambda plan: metadata(plan, httpEndpoint="disabled", httpTokens="optional"),
        lambda plan: plan.with_resource(INSTANCE, "odd", **HARDENED),
        lambda plan: plan.with_resource("aws:ec2/routeTable:RouteTable", "other", routes=[{}]),
    ],
    ids=[
        "TCP",
        "a private range",
        "GRE of a private range",
        "ESP",
        "not known",
        "no metadata",
        "a host",
        "a table of others",
    ],
)
def test_what_is_allowed_breaks_nothing(plan, change):
    assert broken(change(plan)) == set()
