"""What nodes need of an instance type, by what AWS says of each."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

import pytest

from podnet.plan.instance_type import InstanceType, problems, remarks
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings

KNOWN = json.loads(
    gzip.decompress(files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes())
)
"""What DescribeInstanceTypes answered when this release of moto was made."""
CLUSTER = Settings(kubernetes=Kubernetes.KUBEADM)


def kind(name):
    found = KNOWN[name]
    return InstanceType(
        name=name,
        architectures=tuple(found["ProcessorInfo"]["SupportedArchitectures"]),
        hypervisor=found.get("Hypervisor", ""),
        vcpus=found["VCpuInfo"]["DefaultVCpus"],
        memory=found["MemoryInfo"]["SizeInMiB"],
    )


def rules(each):
    return [one.rule for one in each]


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        ("t3.small", "x86_64"),
        ("t2.micro", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("g4dn.xlarge", "x86_64"),
        ("t4g.small", "arm64"),
        ("c7gn.large", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("a1.medium", "arm64"),
    ],
)
def test_the_image_is_for_the_architecture_of_the_type(name, architecture):
    assert kind(name).architecture == architecture


def test_every_type_has_an_image_or_is_refused():
    apple = {name for name in KNOWN if rules(problems(kind(name), Settings()))}

    assert apple
    assert {name.partition(".")[0].partition("-")[0] for name in apple} <= {
        "mac1",
        "mac2",
        "mac",
    }
    assert all(kind(name).architecture for name in KNOWN.keys() - apple)


@pytest.mark.parametrize("name", ["t3.micro", "t2.small", "t4g.nano", "m3.medium", "c7g.medium"])
def test_a_type_too_small_for_a_control_plane_is_refused_with_a_cluster_alone(name):
    (problem,) = problems(kind(name), CLUSTER)

    assert problem.rule == "instance-type-too-small"
    assert name in problem.text
    assert rules(problems(kind(name), Settings())) == []


@pytest.mark.parametrize("name", ["t3.small", "t3.medium", "t4g.small", "m7i.large"])
def test_a_type_that_kubeadm_takes_is_large_enough(name):
    assert rules(problems(kind(name), CLUSTER)) == []


@pytest.mark.parametrize(("vcpus", "memory", "refused"), [(1, 0, 1), (0, 1699, 1), (2, 1700, 0)])
def test_each_of_both_numbers_counts_where_the_other_is_unknown(vcpus, memory, refused):
    each = InstanceType(name="t3.small", vcpus=vcpus, memory=memory)

    assert rules(problems(each, CLUSTER)) == ["instance-type-too-small"] * refused


def test_what_aws_does_not_say_is_unknown_and_not_wrong():
    nothing = InstanceType(name="t3.small")

    assert (nothing.architecture, rules(problems(nothing, CLUSTER)), rules(remarks(nothing))) == (
        None,
        [],
        [],
    )


def test_a_type_of_which_aws_says_nothing_is_warned_of_with_the_reason():
    (remark,) = remarks(InstanceType(name="t99.small", problem="InvalidInstanceType"))

    assert (remark.rule, remark.is_warning) == ("instance-type-unknown", True)
    assert "t99.small (InvalidInstanceType)" in remark.text


@pytest.mark.parametrize(
    ("name", "named"), [("t2.micro", 1), ("m4.large", 1), ("t3.small", 0), ("c5.metal", 0)]
)
def test_a_type_whose_metadata_may_not_follow_a_switch_is_named(name, named):
    found = list(remarks(kind(name)))

    assert [(each.rule, each.is_warning) for each in found] == [("instance-type-xen", True)] * named
    assert all(name in each.text for each in found)
