"""Service Quotas: the one quota of VPC that podnet asks about, as the API also enforces it.

moto's own list is out of date, and lacks the call with which the provider begins.
"""

from __future__ import annotations

import json

from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.emulator import DEFAULT_ACCOUNT_ID as ACCOUNT
from podnet.plan import quota

SERVICE = "servicequotas"
SERVICE_CODE = "vpc"


def answer(call: Call) -> bytes | None:
    """The answer to a call of Service Quotas; None for what else there is."""
    if call.service != SERVICE:
        return None
    asked = call.document
    if call.action not in ("GetAWSDefaultServiceQuota", "GetServiceQuota"):
        raise ApiError("UnknownOperationException", f"the lab does not serve {call.action}")
    if (asked.get("ServiceCode"), asked.get("QuotaCode")) != (SERVICE_CODE, quota.CODE):
        # API reference of Service Quotas, GetServiceQuota: NoSuchResourceException.
        raise ApiError(
            "NoSuchResourceException",
            "The request failed because the specified service quota does not exist: "
            f"{asked.get('QuotaCode')} of {asked.get('ServiceCode')}.",
        )
    return json.dumps({"Quota": _routes(call)}).encode()


def _routes(call: Call) -> dict[str, object]:
    # An account that has never asked for more gets the default from both calls; the ARN of a
    # default names no account.
    account = "" if call.action == "GetAWSDefaultServiceQuota" else ACCOUNT
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
        "QuotaCode": quota.CODE,
        "QuotaName": "Routes per route table",
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{account}:{SERVICE_CODE}/{quota.CODE}",
        "Value": float(quota.DEFAULT),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
