"""The configuration of the AWS provider in the lab, by a stack or an explicit provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values

TYPE = "pulumi:providers:aws"
# What the SDK fills in, or what only matters where there are accounts.
PASSED_OVER = frozenset(
    {
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "version",
    }
)
SERVED = frozenset({"region", "ignoreTags"})


def check(configuration: Mapping[str, Any], region: str | None = None) -> Values:
    """The configuration as it was given; `ProviderError` for what the lab does not serve.

    `region` is the lab's, where that is known already.
    """
    given = {
        name: value
        for name, value in configuration.items()
        if value not in (None, "") and not name.startswith("__")
    }
    for name in sorted(given.keys() - SERVED - PASSED_OVER):
        raise ProviderError(
            f"aws:{name} is not served by the lab, whose provider takes "
            f"{', '.join(f'aws:{one}' for one in sorted(SERVED))}",
            rule="aws-setting-not-served",
        )
    asked = given.get("region", UNKNOWN)
    if region is not None and asked not in (region, UNKNOWN):
        raise ProviderError(
            f"aws:region {asked} is not the lab's, which is {region}", rule="aws-region-mismatch"
        )
    ignored_tags(given.get("ignoreTags"))
    return given


def ignored_tags(value: object) -> frozenset[str]:
    """The keys of `aws:ignoreTags`, given as JSON text or as what that says."""
    if value in (None, UNKNOWN, ""):
        return frozenset()
    read = json.loads(value) if isinstance(value, str) else value
    if not isinstance(read, dict) or read.keys() - {"keys"}:
        raise ProviderError(
            f"aws:ignoreTags {value!r}: the lab serves a list of `keys` alone",
            rule="aws-ignore-tags-malformed",
        )
    return frozenset(read.get("keys") or ())
