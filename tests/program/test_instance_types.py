"""What the program makes of the facts of an instance type."""

from __future__ import annotations

import pulumi
import pytest


@pytest.mark.parametrize("kind", ["m7g.large", "t4g.small"])
def test_nodes_of_arm_are_as_those_of_intel_but_for_type_and_image(make_cloud, kind):
    """What a node receives is Python and shell, and its packages are of the architecture."""
    arm, intel = (make_cloud().deploy(instanceType=name) for name in (kind, "t3.small"))

    def rest(cloud):
        return [
            {key: value for key, value in item.inputs.items() if key != "instanceType"}
            for item in cloud.sorted()
        ]

    assert rest(arm) == rest(intel)
    assert {item["instanceType"] for item in arm.inputs("Instance").values()} == {kind}


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"defaultVcpus": 1}, "has 1 vCPUs and 4096 MiB of memory, and kubeadm makes"),
        ({"memorySize": 1024}, "has 2 vCPUs and 1024 MiB of memory, and kubeadm makes"),
        ({"supportedArchitectures": ["x86_64_mac"]}, "runs x86_64_mac alone"),
    ],
)
def test_a_type_that_no_cluster_can_have_is_refused_at_preview(cloud, facts, message):
    there = cloud.answers[cloud.TYPE]
    cloud.answers[cloud.TYPE] = lambda args: there(args) | facts

    with pytest.raises(pulumi.RunError, match=message):
        cloud.deploy(kubernetes="kubeadm", dry_run=True)
    assert cloud.resources == []


def test_a_type_of_which_aws_says_nothing_needs_an_image_of_the_settings(make_cloud):
    def clouds():
        cloud = make_cloud()
        cloud.answers[cloud.TYPE] = {}
        return cloud

    with pytest.raises(pulumi.RunError, match="AWS does not say which architecture it has"):
        clouds().deploy()
    assert len(clouds().deploy(imageId="ami-00000000000000001").of("Instance")) == 2
