"""Flow logs: EC2 writes them as a role that trusts it, with fields that it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podnet.lab.clients import Client, partition
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.emulator import DEFAULT_ACCOUNT_ID as ACCOUNT
from podnet.lab.cloud.api.emulator import trust_of
from podnet.lab.cloud.api.fault_injection.policy import OPERATORS
from podnet.lab.cloud.api.refusals.registry import rule
from podnet.plan.flow_logs import SERVICE

KNOWN = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service "
    "flow-direction traffic-path"
)
"""Fields of versions 2 to 5 (VPC User Guide, "Flow log records"); the lab takes no later ones."""


@rule("CreateFlowLogs")
def traffic_is_named(call: Call, _: Client) -> None:
    """Which traffic is recorded must be said for all but gateways (EC2 API, CreateFlowLogs)."""
    if call.get("TrafficType") not in {"ACCEPT", "REJECT", "ALL"}:
        raise ApiError("InvalidParameter", f"Invalid TrafficType: {call.get('TrafficType')}")


@rule("CreateFlowLogs")
def fields_exist(call: Call, _: Client) -> None:
    """A format is a list of fields, one space between two (aws-cloudformation/rain#288)."""
    written = call.get("LogFormat")
    if written is None:
        return
    fields = [re.fullmatch(r"\$\{([a-z-]+)\}", each) for each in written.split(" ")]
    if not all(each and each[1] in KNOWN.split() for each in fields):
        raise ApiError(
            "InvalidParameter", f"Value '{written}' at 'logFormat' has an invalid format"
        )


@rule("CreateFlowLogs")
def role_trusts_the_service(call: Call, _: Client) -> None:
    """The role is there, and lets the service act in it for a flow log of this region.

    The sentence is EC2's (hashicorp/terraform-provider-aws, internal/service/ec2/vpc_flow_log.go).
    """
    arn = call.get("DeliverLogsPermissionArn")
    if arn is None:
        return
    source = f"arn:{partition(call.region)}:ec2:{call.region}:{ACCOUNT}:vpc-flow-log/fl-0"
    context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": source}
    trust = trust_of(arn, call.region)
    if trust is None or not any(_lets_in(each, context) for each in _list(trust["Statement"])):
        raise ApiError("InvalidParameter", f"Unable to assume given IAM role: '{arn}'")


def _lets_in(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    principal = statement.get("Principal", {})
    return (
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in _list(statement["Action"])
        and isinstance(principal, dict)
        and SERVICE in _list(principal.get("Service", []))
        and all(
            # What is not evaluated lets nobody in.
            operator in OPERATORS and OPERATORS[operator](context.get(key), _list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _list(value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    return value if isinstance(value, list) else [value]
