"""Flow logs of the VPC: which packets they record, with which fields, and for how long."""

from __future__ import annotations

from enum import StrEnum

from podnet.plan import parsing
from podnet.plan.problem import BadValueError

SERVICE = "vpc-flow-logs.amazonaws.com"
"""Who writes them, in every partition (VPC User Guide, "IAM role for publishing flow logs to
CloudWatch Logs"; its edition for China has the same name)."""
RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400),
    *(545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days for which CloudWatch Logs keeps records (CloudWatch Logs API Reference,
PutRetentionPolicy)."""
FIELDS = (
    "version",
    "interface-id",
    "instance-id",
    "flow-direction",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "tcp-flags",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
)
"""Fields of a record in their order (VPC User Guide, "Flow log records", versions 2, 3 and 5).

`srcaddr` and `dstaddr` are left out: of a packet from or to a pod they may be the interface's own
address (VPC User Guide, "Flow log limitations").
"""
FORMAT = " ".join(f"${{{field}}}" for field in FIELDS)
"""The fields as EC2 takes them."""


class LoggedFlows(StrEnum):
    """Which flows of the VPC are recorded."""

    NONE = "none"
    REJECTED = "rejected"
    """Those that a security group or a network ACL rejects."""
    ALL = "all"

    @property
    def traffic_type(self) -> str | None:
        """What EC2 calls it (EC2 API Reference, CreateFlowLogs); None where nothing is recorded."""
        return {LoggedFlows.REJECTED: "REJECT", LoggedFlows.ALL: "ALL"}.get(self)


def retention_days(raw: str) -> int:
    """The days for which records are kept; raises `BadValueError`."""
    days = parsing.integer(raw)
    if days not in RETENTIONS:
        *most, last = map(str, RETENTIONS)
        raise BadValueError(
            f"{days} is no time for which CloudWatch Logs keeps records; in days it is one of "
            f"{', '.join(most)} and {last}",
            rule="flow-log-retention-unknown",
        )
    return days


def group(stack: str) -> str:
    """The log group of a stack, by its `plan.tags.identity`."""
    return f"/podnet/{stack}/flow-logs"
