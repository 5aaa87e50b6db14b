"""The route quota is one number: answered, enforced and documented."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from podnet.lab.clients import client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.routes import destination_is_new_to_the_table
from podnet.lab.home import PROJECT
from podnet.lab.providers.aws import AwsProvider
from podnet.plan import quota
from tests.unit.lab.cloud.conftest import REGION


@pytest.fixture(scope="module")
def quotas(endpoint):
    return client("service-quotas", endpoint, REGION)


def test_the_quota_of_the_plan_is_answered_by_both_calls_and_to_the_program(endpoint, quotas):
    asked = {"ServiceCode": "vpc", "QuotaCode": quota.CODE}
    default = quotas.get_aws_default_service_quota(**asked)["Quota"]
    own = quotas.get_service_quota(**asked)["Quota"]
    program = AwsProvider(endpoint, REGION).invoke(
        "aws:servicequotas/getServiceQuota:getServiceQuota",
        {"serviceCode": "vpc", "quotaCode": quota.CODE},
    )

    assert (default["Value"], own["Value"], program["value"]) == (quota.DEFAULT,) * 3
    assert default["QuotaArn"] == f"arn:aws:servicequotas:{REGION}::vpc/{quota.CODE}"
    assert own["QuotaArn"] == f"arn:aws:servicequotas:{REGION}:123456789012:vpc/{quota.CODE}"


def test_a_quota_that_does_not_exist_is_refused(quotas):
    for call in (quotas.get_aws_default_service_quota, quotas.get_service_quota):
        with pytest.raises(ClientError) as caught:
            call(ServiceCode="vpc", QuotaCode="L-0")

        assert caught.value.response["Error"]["Code"] == "NoSuchResourceException"


class OneTable:
    """EC2 with one table that holds so many routes."""

    def __init__(self, routes: int) -> None:
        self.routes = [{"DestinationCidrBlock": f"10.0.{n}.0/32"} for n in range(routes)]

    def describe_route_tables(self, **_):
        return {"RouteTables": [{"VpcId": "vpc-1", "Routes": self.routes}]}


def test_a_table_takes_as_many_nodes_as_the_plan_counts_and_no_more():
    most = quota.RouteBudget(nodes=0, tables=1, quota=quota.DEFAULT).headroom
    given = {"RouteTableId": "rtb-1", "DestinationCidrBlock": "10.9.0.0/24"}
    call = Call("ec2", REGION, "CreateRoute", given)

    destination_is_new_to_the_table(call, OneTable(quota.BUILT_IN + most - 1))
    with pytest.raises(ApiError) as caught:
        destination_is_new_to_the_table(call, OneTable(quota.BUILT_IN + most))

    assert caught.value.code == "RouteLimitExceeded"


def test_documents_give_the_quota_of_the_plan():
    operating = (PROJECT / "docs/operating.md").read_text().replace("\n", " ")
    readme = (PROJECT / "README.md").read_text()
    sample = (PROJECT / "stacks/Pulumi.prod.yaml").read_text().replace("\n# ", " ")

    assert re.findall(r"`L-93826ACB` of the service `vpc`: (\d+) by default", operating) == [
        str(quota.DEFAULT)
    ]
    assert re.findall(r"at most ([\d,]+) on request", operating) == [f"{quota.MOST:,}"]
    nodes = str(quota.DEFAULT - quota.BUILT_IN)
    assert re.findall(r"route quota: (\d+) nodes by default", readme) == [nodes]
    assert re.findall(r"(\d+) nodes at AWS's default quota", sample) == [nodes]
