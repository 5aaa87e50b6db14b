"""The quotas that Service Quotas gives."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused

QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"


def test_a_quota_is_that_of_the_account_beside_the_default(provider):
    asked = {"serviceCode": "vpc", "quotaCode": "L-93826ACB"}
    result = provider.invoke(QUOTA, asked)

    # moto knows the quota of accounts that were opened before June 2025.
    assert (result["quotaName"], result["defaultValue"], result["value"]) == (
        "Routes per route table",
        500,
        50,
    )


def test_an_account_without_a_quota_of_its_own_has_the_default(provider, monkeypatch):
    session = provider._session  # noqa: SLF001
    none = ClientError({"Error": {"Code": "NoSuchResourceException"}}, "GetServiceQuota")
    monkeypatch.setattr(session.quotas, "get_service_quota", Mock(side_effect=none))
    result = provider.invoke(QUOTA, {"serviceCode": "vpc", "quotaCode": "L-93826ACB"})

    assert (result["defaultValue"], result["value"]) == (500, 500)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("get_aws_default_service_quota", "AccessDeniedException"),
        ("get_aws_default_service_quota", "NoSuchResourceException"),
        ("get_service_quota", "AccessDeniedException"),
    ],
)
def test_a_quota_that_may_not_be_asked_for_is_an_error(provider, monkeypatch, call, code):
    session = provider._session  # noqa: SLF001
    error = ClientError({"Error": {"Code": code}}, call)
    monkeypatch.setattr(session.quotas, call, Mock(side_effect=error))

    with refused("aws-call-refused", ProviderError) as caught:
        provider.invoke(QUOTA, {"serviceCode": "vpc", "quotaCode": "L-93826ACB"})
    assert code in str(caught.value)
