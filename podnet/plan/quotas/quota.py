"""Quotas of an account, as Service Quotas names them.

The defaults and maxima are those of the pages that are named, the codes those of AWS General
Reference, "Amazon Virtual Private Cloud endpoints and quotas", and of Service Quotas itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """A number that AWS takes no more than."""

    service: str
    """Service Quotas' code of the service."""
    code: str
    """Service Quotas' code of the quota; empty where Service Quotas has none."""
    name: str
    """As AWS names it."""
    counted: str
    """What is counted, as in `3 of 5 VPCs`."""
    default: int
    """Where the account has asked for no more."""
    most: int | None = None
    """What AWS grants on request, where it says so."""
    varies: bool = False
    """Whether accounts may have less than the default."""

    @property
    def label(self) -> str:
        """The name, and by what Service Quotas finds it."""
        return f"{self.name} ({self.service}/{self.code})" if self.code else self.name


# VPC User Guide, "Amazon VPC quotas".
ROUTES = Quota(
    service="vpc",
    code="L-93826ACB",
    name="Routes per route table",
    counted="routes a table",
    default=500,
    most=1000,
    # 50 until June 2025 ("What's New: Amazon VPC raises default route table capacity").
    varies=True,
)
RULES = Quota(
    service="vpc",
    code="L-0EA8095F",
    name="Inbound or outbound rules per security group",
    counted="rules a security group",
    default=60,
)
VPCS = Quota(
    service="vpc",
    code="L-F678F1CE",
    name="VPCs per Region",
    counted="VPCs",
    default=5,
)
RANGES = Quota(
    service="vpc",
    code="L-83CA0A9D",
    name="IPv4 CIDR blocks per VPC",
    counted="ranges of the VPC",
    default=5,
    most=50,
)
GROUPS = Quota(
    service="vpc",
    code="L-2AFB9258",
    name="Security groups per network interface",
    counted="security groups a node",
    default=5,
    most=16,
)
# IAM User Guide, "IAM and AWS STS quotas".
POLICIES = Quota(
    service="iam",
    code="L-0DA4ABF3",
    name="Managed policies per role",
    counted="policies a role",
    default=10,
    most=25,
)
# Systems Manager User Guide, "Managing parameter tiers".
PARAMETERS = Quota(
    service="ssm",
    code="",
    name="Standard parameters per account and Region",
    counted="parameters",
    default=10_000,
)
