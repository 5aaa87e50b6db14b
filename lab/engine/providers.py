"""Explicit providers (`pulumi:providers:aws`): the one type that the engine itself holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.engine.values import Diff, Provider, Values

PREFIX = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class WithProviders:
    """A provider that serves explicit providers too; they exist in the state alone."""

    served: Provider
    _under: dict[str, Provider] = field(default_factory=dict)

    def configure(self, config: Mapping[str, str]) -> None:
        """As `Provider.configure`."""
        self.served.configure(config)

    def under(self, type_: str, given: Values) -> Provider:
        """As `Provider.under`; the same configuration leads to the same provider."""
        key = json.dumps([type_, given], sort_keys=True, default=repr)
        if key not in self._under:
            self._under[key] = self.served.under(type_, given)
        return self._under[key]

    def secret(self, token: str) -> frozenset[str]:
        """As `Provider.secret`."""
        return self.served.secret(token)

    def check(self, type_: str, inputs: Values) -> Values:
        """As `Provider.check`: whether the configuration is served is for the provider to say."""
        return self.served.check(type_, inputs)

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Diff:
        """As `Provider.diff`."""
        return self.served.diff(type_, id_, old_inputs, old_outputs, new_inputs)

    def create(self, type_: str, inputs: Values, token: str) -> tuple[str, Values]:
        """As `Provider.create`."""
        if type_.startswith(PREFIX):
            return token, dict(inputs)
        return self.served.create(type_, inputs, token)

    def find(self, type_: str, inputs: Values, token: str) -> tuple[str, Values] | None:
        """As `Provider.find`."""
        if type_.startswith(PREFIX):
            return token, dict(inputs)
        return self.served.find(type_, inputs, token)

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """As `Provider.read`."""
        if type_.startswith(PREFIX):
            return inputs, outputs
        return self.served.read(type_, id_, inputs, outputs)

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Values:
        """As `Provider.update`."""
        if type_.startswith(PREFIX):
            return dict(new_inputs)
        return self.served.update(type_, id_, old_inputs, old_outputs, new_inputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """As `Provider.delete`."""
        if not type_.startswith(PREFIX):
            self.served.delete(type_, id_, outputs)

    def invoke(self, token: str, args: Values) -> Values:
        """As `Provider.invoke`."""
        return self.served.invoke(token, args)
