"""The versions that matter for a fault."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

PACKAGES = ("podnet", "pulumi", "pulumi-aws", "pulumi-kubernetes", "boto3")


def versions() -> Mapping[str, str]:
    """Of podnet and what it runs on."""
    return {
        **{name: version(name) for name in PACKAGES},
        "Python": platform.python_version(),
        "Linux": platform.release(),
    }
