"""Flow logs of a whole stack in the lab's API: made, changed, lost, permitted, and gone."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from docs import permissions
from podnet.lab.engines.embedded import EngineError
from podnet.lab.operations.fault_injection import deployer_policy, flow_logs_policy
from podnet.lab.providers.aws.session import Session
from tests.refusals import refused
from tests.unit.lab.cloud.conftest import REGION
from tests.unit.lab.fault_injection.test_permissions import without

pytestmark = pytest.mark.slow

GROUP = "/podnet/organization/podnet/dev/flow-logs"
OWN = {"FlowLog", "LogGroup", "Role", "RolePolicy", "FlowLogs"}


@pytest.fixture
def changes(deployment):
    """Deploys with settings; what changed, by operation and type."""
    deployment.settings = {"podnet:nodeCount": "1", "podnet:routing": "host-gw"}

    def up(**settings):
        done = deployment.engine(**settings).up().changes
        return {(each.op, each.type.rpartition(":")[2]) for each in done}

    return up


def flow_logs_of(deployment):
    return deployment.client("ec2").describe_flow_logs()["FlowLogs"]


def groups_of(deployment):
    return deployment.client("logs").describe_log_groups()["logGroups"]


def test_flow_logs_of_a_stack_that_runs_come_change_and_go_and_no_node_is_touched(
    deployment, changes
):
    changes()
    before = deployment.engine().outputs()

    planned = deployment.engine(flowLogs="rejected").preview()
    assert {(each.op, each.type.rpartition(":")[2]) for each in planned.changes} == {
        ("create", kind) for kind in OWN
    }
    assert changes(flowLogs="rejected") == {("create", kind) for kind in OWN}
    (log,), (group,) = flow_logs_of(deployment), groups_of(deployment)
    assert (log["TrafficType"], log["DeliverLogsStatus"]) == ("REJECT", "SUCCESS")
    assert (group["logGroupName"], group["retentionInDays"]) == (GROUP, 14)
    outputs = deployment.engine(flowLogs="rejected").outputs()
    assert outputs == {**before, "flowLogGroup": GROUP}

    assert changes(flowLogs="rejected") == set()
    assert changes(flowLogs="rejected", flowLogRetentionDays="30") == {("update", "LogGroup")}
    assert groups_of(deployment)[0]["retentionInDays"] == 30
    assert changes(flowLogs="all", flowLogRetentionDays="30") == {("replace", "FlowLog")}
    (other,) = flow_logs_of(deployment)
    assert (other["TrafficType"], other["FlowLogId"] != log["FlowLogId"]) == ("ALL", True)

    assert changes() == {("delete", kind) for kind in OWN}
    assert (flow_logs_of(deployment), groups_of(deployment)) == ([], [])
    assert deployment.engine().outputs() == before


def test_what_somebody_else_deletes_or_changes_is_found_by_a_refresh_and_made_good(
    deployment, changes
):
    settings = {"flowLogs": "rejected"}
    changes(**settings)
    deployment.engine(**settings).refresh()
    assert changes(**settings) == set()

    (log,) = flow_logs_of(deployment)
    deployment.client("ec2").delete_flow_logs(FlowLogIds=[log["FlowLogId"]])
    deployment.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    deployment.engine(**settings).refresh()

    assert changes(**settings) == {("create", "FlowLog"), ("update", "LogGroup")}
    assert groups_of(deployment)[0]["retentionInDays"] == 14
    assert len(flow_logs_of(deployment)) == 1


def test_a_destroyed_stack_leaves_neither_flow_log_nor_records_nor_role(deployment, changes):
    iam = deployment.client("iam")
    before = iam.list_roles()["Roles"]
    changes(flowLogs="all")
    made = {each["RoleName"].rpartition("-")[0] for each in iam.list_roles()["Roles"]}
    deployment.engine(flowLogs="all").destroy()

    assert (flow_logs_of(deployment), groups_of(deployment)) == ([], [])
    assert {"nodes", "flow-logs"} <= made
    assert iam.list_roles()["Roles"] == before


def test_flow_logs_live_their_whole_life_with_the_permissions_of_docs(deployment, changes):
    deployment.treat(policies=[deployer_policy(), flow_logs_policy()])
    changes(flowLogs="rejected")
    changes(flowLogs="all", flowLogRetentionDays="30", tags='{"team": "net"}')
    changes(flowLogs="all", flowLogRetentionDays="30")
    deployment.engine(flowLogs="all").refresh()
    changes()
    seen = deployment.seen()

    assert seen <= permissions.wanted()
    assert {"ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "logs:DeleteLogGroup"} <= seen
    assert {"logs:TagResource", "logs:UntagResource", "logs:PutRetentionPolicy"} <= seen


@pytest.mark.parametrize("action", ["logs:TagResource", "iam:PassRole"])
def test_a_missing_permission_is_named_and_the_next_up_goes_on(deployment, changes, action):
    changes()
    deployment.treat(policies=[deployer_policy(), without(flow_logs_policy(), action)])

    with refused("aws-call-refused", EngineError) as caught:
        changes(flowLogs="rejected")

    said = str(caught.value)
    assert f"user/deployer is not authorized to perform: {action} on resource" in said
    deployment.treat(policies=[deployer_policy(), flow_logs_policy()])
    changes(flowLogs="rejected")
    assert changes(flowLogs="rejected") == set()
    assert len(flow_logs_of(deployment)) == 1


def test_flow_logs_and_groups_that_are_not_podnets_cannot_be_changed(deployment):
    ec2, logs = deployment.client("ec2"), deployment.client("logs")
    logs.create_log_group(logGroupName="/theirs")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    deployment.treat(policies=[deployer_policy(), flow_logs_policy()])
    session = Session(deployment.endpoint, REGION, (), 1)
    tags = [{"Key": "podnet:stack", "Value": "x"}]

    for call in (
        lambda: session.logs.delete_log_group(logGroupName="/theirs"),
        lambda: session.logs.put_retention_policy(logGroupName="/theirs", retentionInDays=1),
        lambda: session.ec2.create_flow_logs(
            ResourceType="VPC",
            ResourceIds=[vpc],
            TrafficType="ALL",
            LogGroupName="/theirs",
            TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": tags}],
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] in {
            "UnauthorizedOperation",
            "AccessDeniedException",
        }
    ec2.delete_vpc(VpcId=vpc)
    logs.delete_log_group(logGroupName="/theirs")
