"""The whole program while the API throttles, and while it answers late."""

from __future__ import annotations

import pytest

from podnet.lab.cloud.api.fault_injection import control

pytestmark = pytest.mark.slow

OWN = [{"Name": "tag:podnet:stack", "Values": ["organization/podnet/dev"]}]


@pytest.mark.long
@pytest.mark.parametrize("fault", ["throttle=10%", "stale=1"])
def test_a_stack_lives_its_whole_life_and_nothing_is_made_twice(deployment, endpoint, fault):
    deployment.settings = {"podnet:nodeCount": "1"}
    ec2 = deployment.client("ec2")
    deployment.treat(fault, seed=1)

    deployment.engine().up()
    assert len(ec2.describe_vpcs(Filters=OWN)["Vpcs"]) == 1
    if fault.startswith("throttle"):
        assert control.report(endpoint)["struck"][fault] > 5
    deployment.engine(routing="overlay").up()
    deployment.treat()
    # The state of a tag that was read too early has its former value, as with the real provider
    # (hashicorp/terraform-provider-aws, internal/generate/tagresource/resource.go.gtpl, Update).
    again = deployment.engine(routing="overlay").up().changes
    assert {(each.op, each.type) for each in again} <= {("update", "aws:ec2/tag:Tag")}
    assert deployment.engine(routing="overlay").up().changes == ()
    deployment.treat(fault, seed=2)
    deployment.engine().destroy()

    assert ec2.describe_vpcs(Filters=OWN)["Vpcs"] == []
