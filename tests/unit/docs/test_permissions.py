"""The policies of docs/iam: what the table of permissions asks for, and no more."""

import json
import os

import pytest

from docs import permission_statements, permissions
from docs.fidelity import EVENTS, actions, rows

LONGEST = 6144
"""Characters of a managed policy without white space (IAM User Guide, "IAM and STS quotas")."""


def written(name):
    return json.loads((permissions.FOLDER / name).read_text())


def actions_of(policy):
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def statements_with(policy, action):
    return [each for each in policy["Statement"] if action in each["Action"]]


@pytest.mark.parametrize("name", [*permissions.policies()])
def test_a_file_is_what_the_code_writes(name):
    text = permissions.text(permissions.policies()[name])
    if os.environ.get("UPDATE_GOLDEN"):
        (permissions.FOLDER / name).write_text(text)
        pytest.fail(f"{name} is rewritten; read the change, and run again")

    assert (permissions.FOLDER / name).read_text() == text, "run: python -m docs.permissions"


def test_there_are_no_other_files():
    assert {file.name for file in permissions.FOLDER.iterdir()} == {*permissions.policies()}


def test_who_deploys_may_do_what_a_row_asks_for_and_nothing_else():
    asked = {
        action
        for row in rows()
        if row.table == "Permissions"
        for event in EVENTS
        for action in actions(row.subject)[event]
    }

    assert actions_of(written("deployer.json")) | actions_of(written("flow-logs.json")) == asked


def test_only_flow_logs_need_what_their_policy_has():
    of_flow_logs = {"aws:ec2/flowLog:FlowLog", "aws:cloudwatch/logGroup:LogGroup"}
    without = {
        action
        for row in rows()
        if row.table == "Permissions" and row.subject not in of_flow_logs
        for event in EVENTS
        for action in actions(row.subject)[event]
    }

    assert actions_of(written("deployer.json")) == without


def test_an_action_without_a_statement_is_named(monkeypatch):
    monkeypatch.setattr(permissions, "STATEMENTS", permissions.STATEMENTS[1:])

    with pytest.raises(ValueError, match="ec2:DescribeVpcs"):
        permissions.policies()


def test_every_resource_stands_for_a_reason():
    policy = written("deployer.json")
    everywhere = {
        action
        for statement in policy["Statement"]
        if "*" in statement["Resource"]
        for action in statement["Action"]
    }

    assert {action for action in everywhere if not action.startswith("ec2:Describe")} == {
        "ec2:CreateSubnetCidrReservation",
        "ec2:DeleteSubnetCidrReservation",
        "ec2:DisassociateVpcCidrBlock",
        "ec2:GetSubnetCidrReservations",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        "ssm:DescribeParameters",
    }
    for action in ("ec2:TerminateInstances", "ec2:DeleteVpc", "ec2:ReplaceRoute", "iam:DeleteRole"):
        (only,) = statements_with(policy, action)
        assert only["Condition"] == permission_statements.OWN
    (passing,) = statements_with(policy, "iam:PassRole")
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": permission_statements.EC2}
    }


def test_what_flow_logs_need_is_limited_where_aws_allows_it():
    policy = written("flow-logs.json")
    everywhere = {
        action
        for statement in policy["Statement"]
        if "*" in statement["Resource"]
        for action in statement["Action"]
    }

    assert everywhere == {"ec2:DescribeFlowLogs", "logs:DescribeLogGroups"}
    (deleting,) = statements_with(policy, "ec2:DeleteFlowLogs")
    assert deleting["Condition"] == permission_statements.OWN
    tagged, own = statements_with(policy, "ec2:CreateFlowLogs")
    assert (tagged["Resource"], tagged["Condition"]) == (
        ["arn:*:ec2:*:*:vpc-flow-log/*"],
        permission_statements.NEW,
    )
    assert (own["Resource"], own["Condition"]) == (
        ["arn:*:ec2:*:*:vpc/*"],
        permission_statements.OWN,
    )
    (passing,) = statements_with(policy, "iam:PassRole")
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}
    }
    (groups,) = statements_with(policy, "logs:DeleteLogGroup")
    assert groups["Resource"] == ["arn:*:logs:*:*:log-group:/podnet/*"]


@pytest.mark.parametrize("name", [*permissions.policies()])
def test_a_policy_fits_into_a_managed_one(name):
    assert len("".join((permissions.FOLDER / name).read_text().split())) <= LONGEST
