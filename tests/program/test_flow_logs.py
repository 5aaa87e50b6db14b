"""Flow logs: what a stack with them has, and that nothing else of it differs."""

from __future__ import annotations

import json

import pytest

from podnet.plan import flow_logs
from tests.program.plans import Plan
from tests.program.test_policies import broken

GROUP = "/podnet/organization/podnet/test/flow-logs"


def added(make_cloud, **settings):
    """A cloud with these settings, and what it has that one without them has not."""
    plain = make_cloud().deploy()
    cloud = make_cloud().deploy(**settings)
    new = [item for item in cloud.sorted() if item.urn not in plain.urns()]
    assert [item for item in cloud.sorted() if item.urn in plain.urns()] == plain.sorted()
    return cloud, new


@pytest.mark.parametrize(("setting", "kind"), [("rejected", "REJECT"), ("all", "ALL")])
def test_flow_logs_add_a_group_a_role_and_a_log_and_touch_nothing_else(make_cloud, setting, kind):
    cloud, new = added(make_cloud, flowLogs=setting)

    assert {(item.type.rpartition(":")[2], item.name) for item in new} == {
        ("FlowLogs", "flow-logs"),
        ("LogGroup", "flow-logs"),
        ("Role", "flow-logs"),
        ("RolePolicy", "flow-logs"),
        ("FlowLog", "flow-logs"),
    }
    log = cloud.inputs("FlowLog")["flow-logs"]
    assert {key: value for key, value in log.items() if key != "tags"} == {
        "vpcId": "network-id",
        "trafficType": kind,
        "iamRoleArn": "arn:aws:iam::1:role/flow-logs",
        "logDestination": f"arn:aws:logs:here:1:log-group:{GROUP}",
        "logFormat": flow_logs.FORMAT,
    }


def test_a_stack_has_none_by_default(cloud):
    cloud.deploy(flowLogRetentionDays="30")

    assert not cloud.of("FlowLog")
    assert not cloud.of("LogGroup")
    assert "flowLogGroup" not in cloud.exports


def test_the_group_bears_the_name_of_the_stack_and_keeps_records_as_long_as_asked(cloud):
    cloud.deploy(flowLogs="all", flowLogRetentionDays="30")
    (group,) = cloud.inputs("LogGroup").values()

    assert (group["name"], group["retentionInDays"]) == (GROUP, 30)
    assert "skipDestroy" not in group
    assert group["tags"]["podnet:stack"] == "organization/podnet/test"
    assert cloud.exports["flowLogGroup"] == GROUP


def test_the_service_may_act_in_the_role_for_flow_logs_of_this_account_and_region(cloud):
    cloud.answers[cloud.PARTITION] = {"partition": "aws-us-gov"}
    cloud.deploy(flowLogs="all", imageId="ami-0a1b2c3d")

    assert json.loads(cloud.inputs("Role")["flow-logs"]["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "1"},
                "ArnLike": {"aws:SourceArn": "arn:aws-us-gov:ec2:here:1:vpc-flow-log/*"},
            },
        }
    ]


def test_the_role_may_write_into_the_group_and_make_no_other(cloud):
    cloud.deploy(flowLogs="all")
    statements = json.loads(cloud.inputs("RolePolicy")["flow-logs"]["policy"])["Statement"]

    assert {
        (action, each["Resource"])
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    } == {
        ("logs:CreateLogStream", f"arn:aws:logs:here:1:log-group:{GROUP}:*"),
        ("logs:DescribeLogStreams", f"arn:aws:logs:here:1:log-group:{GROUP}:*"),
        ("logs:PutLogEvents", f"arn:aws:logs:here:1:log-group:{GROUP}:*"),
        ("logs:DescribeLogGroups", "*"),
    }


def test_a_flow_log_comes_after_what_lets_it_write_and_goes_before_its_successor(cloud):
    cloud.deploy(flowLogs="all")
    (log,), (vpc,) = cloud.of("FlowLog"), cloud.of("Vpc")
    policies = {item.urn for item in cloud.of("RolePolicy") if item.name == "flow-logs"}

    assert policies <= log.depends_on
    assert log.delete_before_replace
    # In a second state the VPC is refused, and nothing of this may be there by then.
    assert [vpc.urn in item.depends_on for item in cloud.of("LogGroup")] == [True]


def test_no_node_waits_for_flow_logs(cloud):
    cloud.deploy(flowLogs="all")
    own = {item.urn for item in cloud.resources if "FlowLogs" in item.urn}

    assert len(own) == 5
    assert [
        item.name for item in cloud.resources if item.urn not in own and own & item.depends_on
    ] == []


def test_a_plan_with_flow_logs_is_proved_as_one_without_and_keeps_every_policy():
    plan = Plan.of(nodeCount="2", flowLogs="all")
    proof = plan.proof()

    assert plan.find("FlowLog", "flow-logs")
    assert (proof.holds, list(proof.unmodelled)) == (True, [])
    assert broken(plan) == set()
