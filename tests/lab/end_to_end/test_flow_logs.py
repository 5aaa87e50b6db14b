"""Flow logs of a stack that runs: no node notices, and nothing of them is left."""

import pytest

from podnet.lab.clients import client

pytestmark = pytest.mark.lab


def test_flow_logs_come_and_go_while_nodes_and_pods_stay(lab):
    region = lab.ec2.meta.region_name
    logs = client("logs", lab.stack.endpoint, region)
    nodes = lab.instance_ids(), lab.boot_ids()

    lab.up(nodeCount=2, flowLogs="rejected")

    (log,) = lab.ec2.describe_flow_logs()["FlowLogs"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert log["ResourceId"] == lab.outputs["vpcId"]
    assert (log["TrafficType"], log["DeliverLogsStatus"]) == ("REJECT", "SUCCESS")
    assert lab.outputs["flowLogGroup"] == group["logGroupName"]
    # The fabric drops packets, and writes no record of them.
    assert logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"] == []
    assert (lab.instance_ids(), lab.boot_ids()) == nodes
    assert lab.red() == set()
    assert lab.up(nodeCount=2, flowLogs="rejected").changes == ()
    assert "proved on paper" in lab.podnet("verify")

    lab.up(nodeCount=2)

    assert lab.ec2.describe_flow_logs()["FlowLogs"] == []
    assert logs.describe_log_groups()["logGroups"] == []
    assert (lab.instance_ids(), lab.boot_ids()) == nodes
    assert lab.red() == set()
