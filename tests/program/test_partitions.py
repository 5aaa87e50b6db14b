"""Stacks in the partitions of AWS, each of which has its own ARNs and accounts."""

from __future__ import annotations

import pulumi
import pytest

IMAGE = "ami-00000000000000001"
PARTITIONS = [
    ("aws", "eu-central-1"),
    ("aws-cn", "cn-north-1"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-eusc", "eusc-de-east-1"),
]


@pytest.fixture
def deploy(make_cloud):
    def run(partition, region, **settings):
        cloud = make_cloud()
        cloud.answers[cloud.PARTITION] = {"partition": partition}
        own = {f"podnet:{name}": value for name, value in settings.items()}
        return cloud.has_cluster(2).run_main({"aws:region": region, **own})

    return run


@pytest.mark.parametrize(("partition", "region"), PARTITIONS)
@pytest.mark.parametrize("kubernetes", ["none", "kubeadm"])
def test_no_arn_is_of_another_partition(deploy, partition, region, kubernetes):
    cloud = deploy(partition, region, kubernetes=kubernetes, imageId=IMAGE, flowLogs="all")
    policies = [item["policyArn"] for item in cloud.inputs("RolePolicyAttachment").values()]

    assert policies == (
        [f"arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"]
        if kubernetes == "none"
        else []
    )
    if partition != "aws":
        inputs = repr([item.inputs for item in cloud.resources])
        for given in ("arn:aws:ssm:here:", "arn:aws:logs:here:", "arn:aws:iam::1:"):  # by the mock
            inputs = inputs.replace(given, "")
        assert "arn:aws:" not in inputs


@pytest.mark.parametrize(("partition", "region"), PARTITIONS[1:])
def test_where_debian_has_no_known_account_an_image_must_be_named(deploy, partition, region):
    with pytest.raises(pulumi.RunError, match=f"partition {partition}.*set podnet:imageId"):
        deploy(partition, region)
