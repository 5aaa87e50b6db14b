"""The provider as a plugin of the Pulumi CLI."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from podnet.lab.providers import plugin
from podnet.lab.providers.aws import TYPES, AwsProvider, configuration
from podnet.lab.providers.plugin.schema import ResourceSchema
from podnet.lab.providers.protocol import ProviderError, Values

ENDPOINT = "AWS_ENDPOINT_URL"


class Servicer(plugin.Servicer):
    """Serves the resource types of AWS from the API that the environment names."""

    type_ = configuration.TYPE

    def resources(self) -> Mapping[str, ResourceSchema]:
        return {token: kind.schema for token, kind in TYPES.items()}

    def checked(self, given: Values) -> Values:
        return configuration.check(given)

    def connected(self, given: Values) -> AwsProvider:
        endpoint = os.environ.get(ENDPOINT)
        if not endpoint:
            raise ProviderError(
                f"{ENDPOINT} is not set: this plugin serves the lab on this "
                f"machine alone, and needs to know where its API listens",
                rule="aws-endpoint-unset",
            )
        if not isinstance(given.get("region"), str):
            raise ProviderError(
                "aws:region is not set; set it in the stack's configuration",
                rule="aws-region-unset",
            )
        return AwsProvider(
            endpoint,
            given["region"],
            ignored_tags=configuration.ignored_tags(given.get("ignoreTags")),
        )


def install(pulumi_home: Path) -> Path:
    """Write the executable for the installed `pulumi_aws`; its path."""
    return plugin.install(pulumi_home, "aws", "podnet.lab.providers.aws.plugin")


def main(version: str) -> None:
    """Serve until the engine is done."""
    plugin.serve(Servicer(version))
