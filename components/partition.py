"""The partition of AWS that a stack is deployed into: its own accounts, and its own ARNs."""

from __future__ import annotations

import pulumi_aws as aws

AWS = "aws"
"""The partition of all regions but those of China, of GovCloud and the like."""


def look_up() -> str:
    """The partition, which follows from the name of the region."""
    return aws.get_partition().partition or AWS
