"""Explicit providers (`pulumi:providers:aws`): the one type that the engine itself holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.engine.detail import changed
from lab.engine.values import Diff, Provider, Values

PREFIX = "pulumi:providers:"


@dataclass(frozen=True, slots=True)
class WithProviders:
    """A provider that serves explicit providers too; they exist in the state alone."""

    served: Provider

    def configure(self, config: Mapping[str, str]) -> None:
        """As `Provider.configure`."""
        self.served.configure(config)

    def check(self, type_: str, inputs: Values) -> Values:
        """As `Provider.check`: whether the configuration is served is for the provider to say."""
        return self.served.check(type_, inputs)

    def diff(
        self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, new_inputs: Values,
    ) -> Diff:
        """As `Provider.diff`; the configuration of an explicit provider is updated in place."""
        if type_.startswith(PREFIX):
            return Diff(changed(old_inputs, new_inputs))
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
        self, type_: str, id_: str, inputs: Values, outputs: Values,
    ) -> tuple[Values, Values] | None:
        """As `Provider.read`."""
        if type_.startswith(PREFIX):
            return inputs, outputs
        return self.served.read(type_, id_, inputs, outputs)

    def update(
        self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, new_inputs: Values,
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
