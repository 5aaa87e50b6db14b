"""The provider as a plugin of the Pulumi CLI."""

from __future__ import annotations

import os

from lab import plugin
from lab.aws import AwsProvider, configuration
from lab.engine.values import ProviderError, Values

ENDPOINT = "AWS_ENDPOINT_URL"


class Servicer(plugin.Servicer):
    """Serves the resource types of AWS from the API that the environment names."""

    type_ = configuration.TYPE

    def checked(self, given: Values) -> Values:
        """See `plugin.Servicer.checked`."""
        return configuration.check(given)

    def connected(self, given: Values) -> AwsProvider:
        """See `plugin.Servicer.connected`."""
        endpoint = os.environ.get(ENDPOINT)
        if not endpoint:
            raise ProviderError(
                f"{ENDPOINT} is not set: this plugin serves the lab on this "
                f"machine alone, and must be told where its API listens"
            )
        if not isinstance(given.get("region"), str):
            raise ProviderError("aws:region is not set; set it in the stack's configuration")
        return AwsProvider(
            endpoint,
            given["region"],
            ignored_tags=configuration.ignored_tags(given.get("ignoreTags")),
        )


def main(version: str) -> None:
    """Serve until the engine is done."""
    plugin.serve(Servicer(version))
