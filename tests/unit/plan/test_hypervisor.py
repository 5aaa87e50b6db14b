"""Which instance types run on Xen."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files

import pytest

from podnet.plan.hypervisor import XEN, is_xen

KNOWN = json.loads(
    gzip.decompress(files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes())
)
"""What DescribeInstanceTypes answered when this release of moto was made."""


def test_each_type_is_as_aws_describes_it():
    listed = {name for name, found in KNOWN.items() if found.get("Hypervisor") == "xen"}

    assert {name for name in KNOWN if is_xen(name)} == listed
    assert {name.partition(".")[0] for name in listed} <= XEN


@pytest.mark.parametrize(
    "kind", ["t3.small", "m7g.large", "i3.metal", "p3dn.24xlarge", "i3en.metal"]
)
def test_a_type_on_nitro_or_bare_metal_is_not_one(kind):
    assert not is_xen(kind)
