"""`podnet verify --plan`: what a transform, or a hand, changed in the plan of podnet's program."""

from __future__ import annotations

import pytest
from pulumi.runtime import rpc

from podnet.plan.config import load
from podnet.verify import planned
from podnet.verify.packet import Cause
from podnet.world.plan.file import UNKNOWN
from tests.program.plans import Plan, failing

MODES = {
    "vpc-routes": {"routing": "vpc-routes"},
    "host-gw": {"routing": "host-gw"},
    "overlay": {"routing": "overlay"},
    "l2": {"routing": "l2", "nodeRangePrefix": "28"},
    "hybrid": {
        "routing": "overlay",
        "crossZoneOnly": "true",
        "zones": "2",
        "vpcCidr": "192.168.0.0/23",
        "subnetPrefix": "24",
    },
    "three zones": {"zones": "3", "subnetPrefix": "24", "nodeRangePrefix": "27"},
    "shared firewall": {"firewall": "shared", "extraSecurityGroups": '["sg-0123456789abcdef0"]'},
}


@pytest.fixture
def plan():
    return Plan.of(nodeCount="3")


def fixes(proof):
    return {getattr(verdict.failure, "fix", "") for verdict in proof.failed}


def flows(proof):
    """How many pairs of each kind are proved."""
    found = {}
    for verdict in proof.verdicts:
        kinds = verdict.source.kind, verdict.target.kind
        found[kinds] = found.get(kinds, 0) + verdict.pairs * len(verdict.protocols)
    return found


def test_the_marker_of_what_is_not_known_is_pulumis():
    assert rpc.UNKNOWN == UNKNOWN


@pytest.mark.parametrize("settings", MODES.values(), ids=MODES)
def test_the_plan_of_every_mode_is_proved_as_its_settings_are(settings):
    plan = Plan.of(**settings)
    proof = plan.proof()

    assert proof.holds, proof.to_json()
    assert flows(proof) == flows(planned.proof(load(plan.config)))


def test_the_plan_of_a_cluster_with_flannel_is_proved():
    plan = Plan.of(kubernetes="kubeadm", routing="flannel", apiCidrs='["203.0.113.7/32"]')

    assert plan.proof().holds, plan.proof().to_json()


def test_a_rule_that_was_taken_out_is_missed(plan):
    proof = plan.without("SecurityGroupIngressRule", "firewall-in-pods").proof()

    assert set(failing(proof).values()) == {Cause.INGRESS}
    assert ("pods of node-1", "pods of node-2") in failing(proof)
    assert "add an ingress rule for 10.1.1.0/24 to 10.1.2.0/24" in fixes(proof)


def test_a_rule_that_is_not_in_the_list_of_permitted_ones_is_revoked(plan):
    whole = plan.find("VpcSecurityGroupRulesExclusive", "routing-mode")
    sources = whole["propertyDependencies"]["ingressRuleIds"]
    changed = plan.changed(
        "VpcSecurityGroupRulesExclusive",
        "routing-mode",
        ingressRuleIds=whole["inputs"]["ingressRuleIds"][1:],
    )
    left = [urn for urn in sources if not urn.endswith("::firewall-in-pods")]
    changed.find("VpcSecurityGroupRulesExclusive", "routing-mode")["propertyDependencies"] |= {
        "ingressRuleIds": left
    }

    assert len(left) == len(sources) - 1
    assert set(failing(changed.proof()).values()) == {Cause.INGRESS}


@pytest.mark.parametrize("check", [True, None], ids=["turned on", "left as it is by default"])
def test_a_check_of_source_and_destination_drops(plan, check):
    changed = plan.changed("Instance", "nodes-a-node-2", sourceDestCheck=check)
    if check is None:
        del changed.find("Instance", "nodes-a-node-2")["inputs"]["sourceDestCheck"]
    found = failing(changed.proof())

    assert set(found.values()) <= {Cause.SOURCE_CHECK, Cause.DESTINATION_CHECK}
    assert found["pods of node-1", "pods of node-2"] is Cause.DESTINATION_CHECK
    assert found["pods of node-2", "pods of node-1"] is Cause.SOURCE_CHECK
    assert not any("2" not in source + target for source, target in found)
    assert fixes(changed.proof()) == {
        "turn the check off on the interface of nodes-a-node-2 (ModifyNetworkInterfaceAttribute)"
    }


def test_a_route_to_the_wrong_interface_leads_astray(plan):
    wrong = plan.find("Instance", "nodes-a-node-3")
    proof = plan.changed("Route", "pod-routes-a-node-2", networkInterfaceId=wrong).proof()

    assert set(failing(proof).values()) == {Cause.LOOP}
    assert failing(proof)["pods of node-1", "pods of node-2"] is Cause.LOOP
    (verdict,) = (
        one for one in proof.failed if str(one.pair[0]) == "node-1" and "pods" in str(one.pair[1])
    )
    assert next(hop.action for hop in verdict.path.hops if "route table" in hop.place) == (
        "routes 10.1.2.0/24 to the interface of nodes-a-node-3"
    )


def test_a_route_that_was_taken_out_is_missed(plan):
    proof = plan.without("Route", "pod-routes-a-node-2").proof()
    found = failing(proof)

    assert {fix.partition(";")[0] for fix in fixes(proof)} >= {
        "where 10.1.2.0/24 is of pods, add a route for it to the interface of its node"
    }
    # The default route takes what no other does.
    assert set(found.values()) == {Cause.NO_PUBLIC_ADDRESS}
    assert {("pods of node-1", "pods of node-2"), ("pods of node-2", "pods of node-1")} <= set(
        found
    )


def test_a_subnet_whose_table_is_not_associated_has_the_main_one(plan):
    proof = plan.without("RouteTableAssociation", "network-a").proof()

    assert set(failing(proof).values()) == {Cause.NO_ROUTE}
    places = {verdict.failure.place for verdict in proof.failed}
    assert places == {"main route table of VPC network"}
    assert ("node-1", "internet") in failing(proof)


def test_a_node_without_a_public_address_does_not_reach_the_internet(plan):
    changed = plan.changed("Instance", "nodes-a-node-2", associatePublicIpAddress=False)

    assert set(failing(changed.proof())) == {
        ("node-2", "internet"),
        ("pods of node-2", "internet"),
    }


def test_a_node_of_another_group_is_closed(plan):
    group = plan.find("DefaultSecurityGroup", "network")
    changed = plan.changed("Instance", "nodes-a-node-3", vpcSecurityGroupIds=[UNKNOWN])
    changed.find("Instance", "nodes-a-node-3")["propertyDependencies"]["vpcSecurityGroupIds"] = [
        group["urn"]
    ]
    found = failing(changed.proof())

    assert {Cause.EGRESS} <= set(found.values()) <= {Cause.EGRESS, Cause.INGRESS}
    assert not any("3" not in source + target for source, target in found)


def test_a_node_that_was_taken_out_is_absent(plan):
    assert plan.without("Instance", "nodes-a-node-3").proof().absent == ("node-3",)


def test_a_node_without_a_routing_tag_is_absent_and_said_why(plan):
    proof = plan.without("Tag", "routing-mode-a-node-3").proof()

    assert proof.absent == ("node-3",)
    assert proof.unmodelled == ("nodes-a-node-3 has the tag podnet:stack and lacks podnet:routing",)


def test_a_node_with_another_routing_than_the_rest_unwraps_nothing():
    plan = Plan.of(nodeCount="3", routing="overlay")
    odd = plan.changed("Tag", "routing-mode-a-node-3", value="overlay zones=1 vni=7 port=8472")

    assert Cause.NO_DEVICE in failing(odd.proof()).values()
