"""The lab's API in the partitions of AWS."""

from __future__ import annotations

import pytest

from podnet.components.roles import TRUST, session_manager
from podnet.lab.clients import client, partition


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_a_role_takes_the_policy_of_its_own_partition(endpoint, region):
    iam = client("iam", endpoint, region)
    name = f"of-{region}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
    policy = session_manager(partition(region))
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    iam.delete_role(RoleName=name)

    assert role["Arn"].split(":")[1] == partition(region)
    assert [each["PolicyArn"] for each in attached] == [policy]


@pytest.mark.parametrize(
    ("region", "theirs"), [("cn-north-1", "aws"), ("eu-central-1", "aws-us-gov")]
)
def test_a_policy_of_another_partition_is_not_there(endpoint, region, theirs):
    iam = client("iam", endpoint, region)
    iam.create_role(RoleName="stray", AssumeRolePolicyDocument=TRUST)

    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.attach_role_policy(RoleName="stray", PolicyArn=session_manager(theirs))
    iam.delete_role(RoleName="stray")
