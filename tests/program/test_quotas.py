"""A deployment against the quotas of the account, which is asked for few of them."""

from __future__ import annotations

import json

import pulumi
import pytest

from podnet import userdata
from podnet.plan.settings import Settings
from tests.program.account import Refused
from tests.program.test_preview import OVERLAY, VPC_ROUTES, node

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a"
ROUTES, RULES, VCPUS, VPCS = "L-93826ACB", "L-0EA8095F", "L-1216C47A", "L-F678F1CE"
PIECES = len(userdata.release.pieces(Settings()))
G_AND_VT, GROUPS, POLICIES = "L-DB2E81BA", "L-2AFB9258", "L-0DA4ABF3"


def refuse(_):
    raise Refused


def grant(cloud, **quotas):
    """Let the account have so much; of anything else, enough."""
    granted = {globals()[name]: value for name, value in quotas.items()}
    cloud.answers[cloud.QUOTA] = lambda args: {"value": granted.get(args["quotaCode"], 1024)}
    return cloud


def asked(cloud):
    return {
        (args["serviceCode"], args["quotaCode"])
        for token, args in cloud.calls
        if token == cloud.QUOTA
    }


def ranges(count):
    return json.dumps([f"198.51.{number}.0/24" for number in range(count)])


def test_the_headroom_is_one_line_of_all_that_the_deployment_touches(cloud):
    grant(cloud, ROUTES=500).deploy(zones="3", nodeCount="[1, 1, 0]", kubernetes="none")

    assert cloud.said == []
    assert cloud.headroom.split("), ") == [
        "6 of 500 routes a table (494 left",
        "3 of 60 rules a security group (57 left",
        "4 of 5 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) types (1 left",
        "1 of 5 VPCs (4 left",
        "3 of 5 ranges of the VPC (2 left",
        "1 of 5 security groups a node (4 left",
        "1 of 10 policies a role (9 left",
        f"{PIECES + 2} of 10,000 parameters ({9_998 - PIECES:,} left)",
    ]


def test_only_what_varies_or_exceeds_a_default_is_asked_for(make_cloud):
    def after(**settings):
        return asked(grant(make_cloud()).deploy(**settings))

    assert after() == {("vpc", ROUTES)}
    assert after(routing="overlay") == set()
    assert after(routing="overlay", nodeCount="3") == {("ec2", VCPUS)}
    groups = json.dumps([f"sg-0000000{number}" for number in range(5)])
    assert after(routing="overlay", extraSecurityGroups=groups) == {("vpc", GROUPS)}
    policies = json.dumps([f"arn:aws:iam::aws:policy/P{number}" for number in range(10)])
    assert after(routing="overlay", extraPolicies=policies) == {("iam", POLICIES)}
    assert after(routing="overlay", extraPolicies=policies, sessionManager="false") == set()


def test_a_stack_that_stays_as_it_is_counts_no_instances_and_no_vpcs(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY).deploy(routing="overlay")

    assert "vCPUs" not in cloud.headroom
    assert "VPCs" not in cloud.headroom


@pytest.mark.parametrize(("count", "fits"), [("8", True), ("9", False)])
def test_the_last_node_that_fits_is_that_of_the_last_route(cloud, count, fits):
    grant(cloud, ROUTES=10)
    if fits:
        cloud.deploy(nodeCount=count)

        assert "10 of 10 routes a table (0 left)" in cloud.headroom
        return
    with pytest.raises(
        pulumi.RunError,
        match=r"needs 11 routes a table, and the quota Routes per route table \(vpc/L-93826ACB\) "
        r"is 10: 1 too many\. Use so many nodes fewer, or podnet:routing host-gw or overlay or l2 "
        r"\(with podnet:nodeRangePrefix 27, which replaces every node\), which need no routes of "
        r"the VPC; or ask AWS for more \(at most 1,000\)",
    ):
        cloud.deploy(nodeCount=count)
    assert cloud.resources == []


@pytest.mark.parametrize(
    ("nodes", "settings", "modes"),
    [
        (33, {}, "host-gw or overlay, which need"),
        (33, {"zones": "3"}, "overlay, which needs"),
        (8, {"zones": "2"}, "overlay, which needs"),
        (5, {"zones": "2", "nodeRangePrefix": "28"}, "overlay or l2, which need"),
    ],
)
def test_only_modes_that_take_as_many_nodes_and_zones_are_offered(cloud, nodes, settings, modes):
    grant(cloud, ROUTES=9)
    with pytest.raises(pulumi.RunError, match=f"or podnet:routing {modes} no routes of the VPC"):
        cloud.deploy(nodeCount=str(nodes), **settings)


def modes_said(cloud):
    return [text for _, text in cloud.said if text.startswith("routing modes that hold ")]


def test_the_modes_that_hold_the_nodes_are_named_where_the_chosen_one_does_not(cloud):
    grant(cloud, ROUTES=50)
    with pytest.raises(pulumi.RunError, match="needs 53 routes a table"):
        cloud.deploy(nodeCount="51")

    (said,) = modes_said(cloud)
    assert said == (
        "routing modes that hold 51 nodes: host-gw, overlay; that do not: vpc-routes (needs 53 "
        "routes a table, 3 more than the 50 of the quota vpc/L-93826ACB, which AWS raises to 1,000 "
        "on request), l2 (takes 21 nodes at most)"
    )


def test_vpc_routes_goes_by_the_accounts_own_quota_in_other_modes_too(make_cloud):
    def after(count, **quotas):
        cloud = grant(make_cloud(), **quotas).deploy(routing="overlay", nodeCount=count)
        return ("vpc", ROUTES) in asked(cloud), modes_said(cloud)

    assert after("21", ROUTES=10) == (False, [])
    is_asked, (little,) = after("22", ROUTES=10)
    _, (enough,) = after("22", ROUTES=24)
    assert is_asked
    assert little.startswith("routing modes that hold 22 nodes: host-gw, overlay; that do not: vpc")
    assert enough.startswith("routing modes that hold 22 nodes: vpc-routes, host-gw, overlay; that")


def test_routes_of_others_and_of_nodes_that_go_count(cloud):
    routes = {"10.1.1.0/24": "eni-1", "10.1.7.0/24": "eni-7", "172.31.0.0/16": "pcx-1"}
    native = {"podnet:routing": VPC_ROUTES}
    cloud.holds(node(1, **native), node(7, **native), settled=VPC_ROUTES, routes=routes)
    cloud.deploy(nodeCount="1")

    assert "4 of 500 routes a table (495 left, 1 used elsewhere, 3 in the end)" in cloud.headroom


@pytest.mark.parametrize(("count", "fits"), [(57, True), (58, False)])
def test_the_last_rule_that_fits_is_the_sixtieth(cloud, count, fits):
    grant(cloud, RULES=60)
    given = {"sshCidrs": ranges(count), "sshKeys": json.dumps([KEY])}
    if fits:
        assert len(cloud.deploy(**given).of("SecurityGroupIngressRule")) == 60
        return
    with pytest.raises(pulumi.RunError, match=r"needs 61 rules a security group, .* 1 too many"):
        cloud.deploy(**given)
    assert cloud.resources == []


def test_the_peak_of_a_switch_counts(cloud):
    grant(cloud, RULES=60).holds(node(1), node(2), settled=OVERLAY)

    with pytest.raises(
        pulumi.RunError, match=r"needs 61 rules a security group at its peak and 60 in the end"
    ):
        cloud.deploy(sshCidrs=ranges(57), sshKeys=json.dumps([KEY]), routing="host-gw")


def test_a_raised_quota_is_enough(cloud):
    grant(cloud, RULES=100).deploy(sshCidrs=ranges(70), sshKeys=json.dumps([KEY]))

    assert len(cloud.of("SecurityGroupIngressRule")) == 73


def other(number, kind, **more):
    """An instance of somebody else."""
    return {
        "address": f"172.31.0.{number}",
        "image": "ami-other",
        "type": kind,
        "podnet:stack": "",
        **more,
    }


@pytest.mark.parametrize(("quota", "fits"), [(12, True), (11, False)])
def test_vcpus_are_those_of_new_kept_and_other_instances(cloud, quota, fits):
    grant(cloud, VCPUS=quota).holds(
        node(1),
        node(2, type="t3.nano"),
        node(3, state="stopped"),
        other(1, "c7i.xlarge"),
        other(2, "g4dn.xlarge"),
        other(3, "c7i.xlarge", lifecycle="spot"),
        settled=OVERLAY,
    )
    if fits:
        cloud.deploy(routing="overlay", nodeCount="5")

        assert "8 of 12 vCPUs of Standard (A, C, D, H, I, M, R, T, Z) types (0 left, 4 used " in (
            cloud.headroom
        )
        return
    with pytest.raises(pulumi.RunError, match=r"needs 8 vCPUs .*, 4 are used elsewhere, .* is 11"):
        cloud.deploy(routing="overlay", nodeCount="5")


def test_a_node_that_is_rolled_is_deleted_first_and_one_that_goes_last(cloud):
    cloud.holds(node(1), node(2), node(3), settled=OVERLAY)
    grant(cloud).deploy(routing="overlay", nodeCount="2", roll='["node-2"]')

    assert "6 of 1,024 vCPUs" in cloud.headroom
    assert "(1,018 left, 4 in the end)" in cloud.headroom


def test_each_family_has_its_own_quota(cloud):
    grant(cloud, G_AND_VT=3)
    with pytest.raises(pulumi.RunError, match=r"G and VT instances \(ec2/L-DB2E81BA\) is 3: 1 too"):
        cloud.deploy(routing="overlay", instanceType="g4dn.xlarge")


@pytest.mark.parametrize("answer", [{"value": 0}, {}])
def test_a_quota_that_begins_with_zero_may_be_zero(cloud, answer):
    cloud.answers[cloud.QUOTA] = answer
    with pytest.raises(pulumi.RunError, match=r"\(ec2/L-DB2E81BA\) is 0: 4 too many"):
        cloud.deploy(routing="overlay", instanceType="g4dn.xlarge")


@pytest.mark.parametrize(("others", "fits"), [(4, True), (5, False)])
def test_one_vpc_more_than_those_of_others_must_fit(cloud, others, fits):
    cloud.answers[cloud.VPCS] = lambda args: {
        "ids": [] if args.get("tags") else [f"vpc-{number}" for number in range(others)]
    }
    grant(cloud, VPCS=5)
    if fits:
        cloud.deploy(routing="overlay")

        assert "1 of 5 VPCs (0 left, 4 used elsewhere)" in cloud.headroom
        return
    with pytest.raises(pulumi.RunError, match=r"needs 1 VPCs, 5 are used elsewhere, .* is 5: 1 to"):
        cloud.deploy(routing="overlay")


def test_a_vpc_of_another_range_is_made_beside_the_former(cloud):
    cloud.holds(node(1), node(2), settled=OVERLAY)
    cloud.deploy(routing="overlay", vpcCidr="192.168.2.0/24")

    assert "2 of 5 VPCs (3 left, 1 in the end)" in cloud.headroom


def test_the_pieces_of_the_former_release_go_last(cloud):
    cloud.holds(node(1, **{"podnet:files": "0" * 64}), settled=OVERLAY)
    cloud.deploy(routing="overlay", nodeCount="1")

    assert f"{2 * PIECES + 1} of 10,000 parameters (" in cloud.headroom
    assert f" left, {PIECES + 1} in the end)" in cloud.headroom


def test_a_quota_that_lags_behind_can_be_overridden(cloud):
    grant(cloud, ROUTES=10).deploy(nodeCount="9", ignoreQuotas="true")

    assert [(loud, text.partition(":")[2][:20]) for loud, text in cloud.said] == [
        ("info", " host-gw, overlay, l"),
        ("warning", "ignoreQuotas is set,"),
    ]
    assert len(cloud.of("Instance")) == 9


def test_an_account_that_may_not_read_its_quotas_is_warned_and_not_refused(cloud):
    cloud.answers[cloud.QUOTA] = refuse
    cloud.deploy(nodeCount="9")

    assert [loud for loud, _ in cloud.said] == ["warning", "warning"]
    assert "Routes per route table (vpc/L-93826ACB) 500, Running On-Demand" in cloud.said[0][1]
    assert (
        "unless the account has more than the default: this deployment needs 18 vCPUs"
        in (cloud.said[1][1])
    )
    assert "11 of 500 routes a table (489 left)" in cloud.headroom
