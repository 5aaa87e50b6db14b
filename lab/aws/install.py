"""Puts the provider where the Pulumi CLI finds it as its plugin for AWS."""

from __future__ import annotations

from pathlib import Path

from lab import plugin


def install(pulumi_home: Path) -> Path:
    """Write the executable for the installed `pulumi_aws`; its path."""
    return plugin.install(pulumi_home, "aws", "lab.aws.plugin")
