"""Which image fits an instance type."""

from __future__ import annotations

import pytest

from podnet.plan.image import architecture, name_pattern
from podnet.plan.problem import BadValueError
from tests.refusals import refused


@pytest.mark.parametrize(
    "kind",
    [
        "t3.small",
        "m5.large",
        "m7i-flex.large",
        "g4dn.xlarge",
        "g6.xlarge",
        "gr6.4xlarge",
        "c7a.medium",
        "u-6tb1.metal",
        "u7i-12tb.224xlarge",
        "i7ie.large",
        "t2.micro",
    ],
)
def test_intel_and_amd_families_take_amd64_images(kind):
    assert (architecture(kind), name_pattern(kind)) == ("x86_64", "debian-12-amd64-*")


@pytest.mark.parametrize(
    "kind",
    [
        "t4g.small",
        "m7g.large",
        "c7gn.large",
        "x2gd.medium",
        "im4gn.large",
        "is4gen.large",
        "g5g.xlarge",
        "r8g.large",
        "a1.medium",
    ],
)
def test_graviton_families_take_arm64_images(kind):
    assert (architecture(kind), name_pattern(kind)) == ("arm64", "debian-12-arm64-*")


def test_a_type_whose_name_says_nothing_asks_for_an_image():
    with refused("instance-type-name", BadValueError):
        architecture("strange.large")
