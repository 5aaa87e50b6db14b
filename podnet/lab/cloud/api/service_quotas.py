"""Service Quotas: the quotas that podnet asks about.

moto's own list is out of date, and lacks the call with which the provider begins.
"""

from __future__ import annotations

import json

from podnet.lab.clients import partition
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.emulator import DEFAULT_ACCOUNT_ID as ACCOUNT
from podnet.lab.cloud.api.quotas import QUOTAS, limit
from podnet.plan.quotas.quota import Quota

SERVICE = "servicequotas"


def answer(call: Call) -> bytes | None:
    """The answer to a call of Service Quotas; None for what else there is."""
    if call.service != SERVICE:
        return None
    asked = call.document
    if call.action not in ("GetAWSDefaultServiceQuota", "GetServiceQuota"):
        raise ApiError("UnknownOperationException", f"the lab does not serve {call.action}")
    found = QUOTAS.get((asked.get("ServiceCode", ""), asked.get("QuotaCode", "")))
    if found is None:
        # API reference of Service Quotas, GetServiceQuota: NoSuchResourceException.
        raise ApiError(
            "NoSuchResourceException",
            "The request failed because the specified service quota does not exist: "
            f"{asked.get('QuotaCode')} of {asked.get('ServiceCode')}.",
        )
    return json.dumps({"Quota": _shown(call, found)}).encode()


def _shown(call: Call, found: Quota) -> dict[str, object]:
    is_default = call.action == "GetAWSDefaultServiceQuota"
    # The ARN of a default names no account.
    account = "" if is_default else ACCOUNT
    arn = f"arn:{partition(call.region)}:servicequotas:{call.region}:{account}"
    return {
        "ServiceCode": found.service,
        "ServiceName": found.service,
        "QuotaCode": found.code,
        "QuotaName": found.name,
        "QuotaArn": f"{arn}:{found.service}/{found.code}",
        "Value": float(found.default if is_default else limit(found)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
