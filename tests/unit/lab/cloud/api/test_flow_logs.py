"""Flow logs in the lab's API: what EC2 refuses of them, and what it says of those it has."""

from __future__ import annotations

import json

import pytest

from podnet.lab.clients import client
from podnet.plan import flow_logs
from tests.unit.lab.cloud.api.test_refusals import refused
from tests.unit.lab.cloud.conftest import REGION

ACCOUNT = "123456789012"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/podnet/test/flow-logs"
OF_THIS = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"


def trust(service=flow_logs.SERVICE, account=ACCOUNT, source=OF_THIS, **more):
    """A trust policy of a role."""
    condition = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": source},
    }
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": {**condition, **more},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def role(iam):
    """Makes a role with a trust policy; its ARN."""
    made = []

    def make(text):
        made.append(f"flow-logs-{len(made)}")
        found = iam.create_role(RoleName=made[-1], AssumeRolePolicyDocument=text)
        return found["Role"]["Arn"]

    yield make
    for name in made:
        iam.delete_role(RoleName=name)


@pytest.fixture
def record(ec2, network, role):
    """Creates a flow log of the VPC."""
    made = []

    def create(**more):
        asked = {
            "ResourceType": "VPC",
            "ResourceIds": [network.vpc],
            "TrafficType": "REJECT",
            "LogDestination": GROUP,
            "LogFormat": flow_logs.FORMAT,
            **more,
        }
        asked.setdefault("DeliverLogsPermissionArn", role(trust()))
        (id_,) = ec2.create_flow_logs(**asked)["FlowLogIds"]
        made.append(id_)
        return id_

    yield create
    if made:
        ec2.delete_flow_logs(FlowLogIds=made)


def test_a_flow_log_is_described_with_its_group_and_can_be_written(endpoint, ec2, record):
    logs = client("logs", endpoint, REGION)
    logs.create_log_group(logGroupName="/podnet/test/flow-logs")
    id_ = record()
    (found,) = ec2.describe_flow_logs(FlowLogIds=[id_])["FlowLogs"]
    logs.delete_log_group(logGroupName="/podnet/test/flow-logs")

    assert (found["LogDestination"], found["LogGroupName"]) == (GROUP, "/podnet/test/flow-logs")
    assert (found["DeliverLogsStatus"], found["LogFormat"]) == ("SUCCESS", flow_logs.FORMAT)


def test_a_flow_log_without_its_group_is_made_and_says_so(ec2, record):
    (found,) = ec2.describe_flow_logs(FlowLogIds=[record()])["FlowLogs"]

    assert (found["DeliverLogsStatus"], found["DeliverLogsErrorMessage"]) == (
        "FAILED",
        "Access error",
    )


def test_a_role_that_is_not_there_is_refused(record):
    with refused("InvalidParameter", "Unable to assume given IAM role: 'arn:aws:iam::"):
        record(DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/none")


@pytest.mark.parametrize(
    "text",
    [
        trust(service="ec2.amazonaws.com"),
        trust(account="000000000000"),
        trust(source=OF_THIS.replace(REGION, "us-east-1")),
        trust(source=OF_THIS.replace("flow-log", "endpoint")),
        trust(Bool={"aws:SecureTransport": "true"}),
    ],
    ids=["service", "account", "region", "kind", "not evaluated"],
)
def test_a_role_that_does_not_trust_the_service_is_refused(record, role, text):
    arn = role(text)

    with refused("InvalidParameter", "Unable to assume given IAM role"):
        record(DeliverLogsPermissionArn=arn)


@pytest.mark.parametrize(
    "written",
    [
        "${pkt-srcaddr}  ${pkt-dstaddr}",
        "${pkt-srcaddr} ",
        "${pod}",
        "pkt-srcaddr",
        "${pkt-srcaddr}${pkt-dstaddr}",
    ],
)
def test_a_format_of_anything_but_fields_is_refused(record, written):
    with refused("InvalidParameter", "at 'logFormat' has an invalid format"):
        record(LogFormat=written)


def test_traffic_of_no_kind_is_refused(record):
    with refused("InvalidParameter", "TrafficType"):
        record(TrafficType="NONE")


def test_a_second_flow_log_to_one_group_is_refused(record):
    record()

    with refused("FlowLogAlreadyExists"):
        record()
