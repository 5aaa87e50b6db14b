"""The quotas of the lab's account, which the API answers and enforces."""

from __future__ import annotations

from podnet.plan.quotas import quota, vcpus
from podnet.plan.quotas.quota import Quota

RAISED = {vcpus.quota_of("t3.small"): 1024, quota.VPCS: 100}
"""What the lab's account has been granted, as AWS does for one that is in use."""
QUOTAS = {
    (each.service, each.code): each
    for each in (
        quota.ROUTES,
        quota.RULES,
        quota.VPCS,
        quota.RANGES,
        quota.GROUPS,
        quota.POLICIES,
        *filter(None, vcpus.QUOTAS.values()),
    )
}


def limit(of: Quota) -> int:
    """What the lab's account has."""
    return RAISED.get(of, of.default)
