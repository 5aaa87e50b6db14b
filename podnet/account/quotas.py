"""The account's own quotas, where Service Quotas may be read."""

from __future__ import annotations

from collections.abc import Iterable

from podnet.account.session import Client, client
from podnet.plan.quotas.quota import Quota


def limits(quotas: Iterable[Quota], region: str | None) -> dict[Quota, int]:
    """The account's quotas that it may read; raises `UserError` where no region is known."""
    return read(client("service-quotas", region), quotas)


def read(service: Client, quotas: Iterable[Quota]) -> dict[Quota, int]:
    """Those of these quotas that Service Quotas reports by this client, and no others."""
    from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly
        BotoCoreError,
        ClientError,
    )

    found = {}
    for each in quotas:
        try:
            answer = service.get_service_quota(ServiceCode=each.service, QuotaCode=each.code)
        except (BotoCoreError, ClientError):
            continue
        found[each] = int(answer["Quota"]["Value"])
    return found
