"""The machine image of a node when the settings name none."""

from __future__ import annotations

import re

from podnet.plan.problem import BadValueError

DEBIAN = "136693071363"
"""The AWS account in which Debian publishes its images (Debian wiki, Cloud/AmazonEC2Image)."""


def architecture(instance_type: str) -> str:
    """`arm64` or `x86_64`, as the API writes them, from the family of the instance type.

    A family is letters, a generation and letters for what is special; a `g` among those
    stands for Graviton (EC2 instance type naming conventions). `a1` is older than the rule.
    """
    family = instance_type.partition(".")[0]
    named = re.fullmatch(r"[a-z]+-?\d+(.*)", family)
    if named is None:
        raise BadValueError(
            f"{instance_type} is not named as EC2 names its instance types; "
            "set podnet:imageId, so that nothing has to be read from the name",
            rule="instance-type-name",
        )
    return "arm64" if family == "a1" or "g" in named[1] else "x86_64"


def name_pattern(instance_type: str) -> str:
    """What the names of fitting images match."""
    return f"debian-12-{'arm64' if architecture(instance_type) == 'arm64' else 'amd64'}-*"
