"""Which provider serves a resource: that of its package, as its explicit provider configures it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from podnet.lab.engines.embedded.state import Resource
from podnet.lab.providers.protocol import Provider, ProviderError, Values

PREFIX = "pulumi:providers:"
"""The type of an explicit provider is this and the name of its package."""


class Providers:
    """The providers of a program's packages, `aws` and `kubernetes` say, one for each."""

    def __init__(self, packages: Mapping[str, Provider]) -> None:
        self._packages = packages
        self._configured: dict[str, Provider] = {}

    def configure(self, config: Mapping[str, str]) -> None:
        """Hand every provider the configuration of the stack."""
        for provider in self._packages.values():
            provider.configure(config)

    def pick(self, token: str, explicit: Resource | None = None) -> Provider:
        """The provider of a type or a function, as `explicit` configures it where that is given.

        The same configuration leads to the same object. Raises `ProviderError` for a package that
        is not served.
        """
        if explicit is None:
            return self._of_package(token)
        key = json.dumps([explicit.type, explicit.inputs], sort_keys=True, default=repr)
        if key not in self._configured:
            self._configured[key] = self._of_package(explicit.type).with_configuration(
                explicit.type, explicit.inputs
            )
        return self._configured[key]

    def _of_package(self, token: str) -> Provider:
        package = token.removeprefix(PREFIX).partition(":")[0]
        if package not in self._packages:
            raise ProviderError(
                f"the lab does not serve the package {package} ({token}); "
                f"it serves {', '.join(sorted(self._packages))}",
                rule="package-not-served",
            )
        return self._packages[package]


class InState:
    """The life of an explicit provider: it exists in the state alone, under its token."""

    def create(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values]:
        del type_, name
        return token, dict(inputs)

    find = create

    def read(
        self, type_: str, id_: str, inputs: Values, outputs: Values
    ) -> tuple[Values, Values] | None:
        del type_, id_
        return inputs, outputs

    def update(
        self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, new_inputs: Values
    ) -> Values:
        del type_, id_, old_inputs, old_outputs
        return dict(new_inputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """Nothing: forgetting it in the state is all there is to do."""
