"""`podnet verify --plan`: what it does not model it names, and what is no plan it refuses."""

from __future__ import annotations

import pytest

from podnet.verify.packet import Cause
from podnet.world.plan.file import UNKNOWN
from tests.program.plans import Plan, failing
from tests.refusals import refused

EC2 = "aws:ec2/"
UNKNOWN_TABLE = (
    "Route pod-routes-a-node-2: its routeTableId is not known before the deployment, and may be of "
    "none that the plan names"
)


@pytest.fixture
def plan():
    return Plan.of(nodeCount="3")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda plan: plan.with_resource(f"{EC2}vpcEndpoint:VpcEndpoint", "s3"),
            "VpcEndpoint s3 is an aws:ec2/vpcEndpoint:VpcEndpoint",
        ),
        (
            lambda plan: plan.changed("SecurityGroup", "firewall", ingress=[{}]),
            "SecurityGroup firewall: it has rules of its own, and removes those that stand alone",
        ),
        (
            lambda plan: plan.changed("Instance", "nodes-a-node-2", networkInterfaces=[{}]),
            "Instance nodes-a-node-2: networkInterfaces is not read",
        ),
        (
            lambda plan: plan.changed("Instance", "nodes-a-node-2", subnetId="subnet-1"),
            "Instance nodes-a-node-2: its subnetId is subnet-1, which is not in the plan",
        ),
        (
            lambda plan: plan.changed("Instance", "nodes-a-node-2", privateIp=UNKNOWN),
            "Instance nodes-a-node-2: its privateIp is not known before the deployment",
        ),
        (
            lambda plan: plan.changed("Route", "pod-routes-a-node-2", routeTableId=UNKNOWN),
            UNKNOWN_TABLE,
        ),
    ],
)
def test_what_may_treat_any_packet_otherwise_is_named_and_proves_nothing(plan, change, said):
    proof = change(plan).proof()

    assert said in proof.unmodelled
    assert not proof.holds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda plan: plan.with_resource(f"{EC2}networkAcl:NetworkAcl", "closed"),
            "NetworkAcl closed is an aws:ec2/networkAcl:NetworkAcl",
        ),
        (
            lambda plan: plan.changed("RouteTable", "network-a", routes=[{}]),
            "RouteTable network-a has routes of its own, and removes those that stand alone",
        ),
        (
            lambda plan: plan.changed("Route", "pod-routes-a-node-2", networkInterfaceId="eni-1"),
            "Route pod-routes-a-node-2 leads to eni-1, which is not in the plan",
        ),
        (
            lambda plan: plan.changed(
                "Route", "pod-routes-a-node-2", networkInterfaceId=None, transitGatewayId="tgw-1"
            ),
            "Route pod-routes-a-node-2 leads to no interface and no internet gateway",
        ),
    ],
)
def test_what_treats_some_packets_otherwise_fails_those(plan, change, said):
    proof = change(plan).proof()

    assert set(failing(proof).values()) == {Cause.NOT_MODELLED}
    assert {each.failure.reason for each in proof.failed} == {f"{said}, which is not modelled"}
    assert ("pods of node-1", "pods of node-2") in failing(proof)
    assert ("node-1", "node-2") not in failing(proof)


def test_what_gets_no_packet_of_nodes_is_named_beside_the_proof(plan):
    far = plan.with_resource(f"{EC2}vpcPeeringConnection:VpcPeeringConnection", "far")
    routed = far.with_resource(
        f"{EC2}route:Route",
        "far",
        routeTableId=plan.find("RouteTable", "network-a"),
        destinationCidrBlock="10.200.0.0/16",
        vpcPeeringConnectionId=far.find("VpcPeeringConnection", "far"),
    )

    assert routed.proof().holds
    assert routed.proof().beside == (
        "Route far leads to no interface and no internet gateway",
        "VpcPeeringConnection far is an aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    )


def test_a_group_that_is_not_in_the_plan_may_let_pass_what_others_do_not():
    plan = Plan.of(nodeCount="3", extraSecurityGroups='["sg-0123456789abcdef0"]')
    closed = plan.without("SecurityGroupIngressRule", "firewall-in-pods").proof()

    assert set(failing(closed).values()) == {Cause.NOT_MODELLED}
    assert plan.proof().holds
    assert plan.proof().beside == (
        "security group sg-0123456789abcdef0 is not in the plan, nor are its rules",
    )


@pytest.mark.parametrize(
    ("type_", "name"),
    [("aws:s3/bucket:Bucket", "logs"), ("aws:ec2/keyPair:KeyPair", "mine")],
)
def test_what_moves_no_packet_is_no_matter(plan, type_, name):
    assert plan.with_resource(type_, name).proof().holds


def test_what_is_of_ipv6_moves_no_packet_of_ipv4(plan):
    table = plan.find("RouteTable", "network-a")
    both = plan.with_resource(
        "aws:ec2/route:Route", "six", routeTableId=table, destinationIpv6CidrBlock="::/0"
    ).with_resource(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "open", cidrIpv6="::/0"
    )

    assert both.proof().holds


def test_two_resources_may_have_one_name(plan):
    parent = "urn:pulumi:test::podnet::my:index:Other$aws:ec2/routeTable:RouteTable::network-a"
    state = {**plan.find("RouteTable", "network-a"), "urn": parent}
    twice = Plan([*plan.steps, {"op": "create", "urn": parent, "newState": state}], plan.config)

    assert twice.proof().holds


def test_a_plan_without_nodes_is_refused(plan):
    bare = Plan(
        [step for step in plan.steps if "Instance::" not in step["urn"]],
        plan.config,
    )
    with refused("plan-without-nodes"):
        bare.proof()


def test_settings_that_cannot_be_read_are_refused(plan):
    with refused("plan-settings-invalid"):
        Plan(plan.steps, {"podnet:routing": "magic"}).proof()


def test_a_range_that_is_none_is_refused(plan):
    with refused("plan-address-malformed") as caught:
        plan.changed("Subnet", "network-a", cidrBlock="192.168.1.0/33").proof()
    assert "Subnet network-a has cidrBlock '192.168.1.0/33'" in str(caught.value)


@pytest.mark.parametrize("tag", ["podnet:routing", "podnet:network"])
def test_a_node_whose_tag_cannot_be_read_is_none(plan, tag):
    tags = {**plan.find("Instance", "nodes-a-node-1")["inputs"]["tags"], tag: "magic"}
    changed = plan.changed("Instance", "nodes-a-node-1", tags=tags)
    if tag == "podnet:routing":
        changed = changed.without("Tag", "routing-mode-a-node-1")
    (said,) = changed.proof().unmodelled
    assert said.startswith("nodes-a-node-1 has tags that do not fit it: ")
    assert changed.proof().absent == ("node-1",)
