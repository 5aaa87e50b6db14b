"""Finds flow logs, and the groups that they are written to."""

from __future__ import annotations

from podnet.lab.clients import Client
from podnet.lab.engines.adoption.ec2 import of_stack, where
from podnet.lab.engines.adoption.found import Found, Wanted
from podnet.plan.tags import STACK
from podnet.world.reader.calls import pages

ALIKE = {
    "trafficType": "TrafficType",
    "iamRoleArn": "DeliverLogsPermissionArn",
    "logDestination": "LogDestination",
    "logFormat": "LogFormat",
}


def flow_log(ec2: Client, wanted: Wanted) -> Found | None:
    """The flow log of this VPC that bears the stack's tags and records the same."""
    filters = [*where(resource_id=wanted.inputs["vpcId"]), *of_stack(wanted)]
    # The API's own name for the argument of this one call.
    for item in pages(ec2, "describe_flow_logs", "FlowLogs", Filter=filters):
        same = all(item.get(key) == wanted.inputs.get(name) for name, key in ALIKE.items())
        if same and item["FlowLogId"] not in wanted.recorded:
            return Found(id=item["FlowLogId"])
    return None


def group(logs: Client, wanted: Wanted) -> Found | None:
    """The group of this name, if it bears the stack's tag; one without a name is none."""
    name = wanted.inputs.get("name")
    if not name or name in wanted.recorded:
        return None
    for item in pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=name):
        if item["logGroupName"] == name:
            arn = item["arn"].removesuffix(":*")
            have = logs.list_tags_for_resource(resourceArn=arn)["tags"]
            return Found(id=name) if have.get(STACK) == wanted.tags.get(STACK) else None
    return None
