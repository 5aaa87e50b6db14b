"""Several providers as one: each resource and function goes to the provider of its package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.engine.providers import PREFIX
from lab.engine.values import Diff, Provider, ProviderError, Values


@dataclass(frozen=True, slots=True)
class Packages:
    """Serves the packages of a program, `aws` and `kubernetes` say, by one provider each."""

    served: Mapping[str, Provider]

    def configure(self, config: Mapping[str, str]) -> None:
        """As `Provider.configure`."""
        for provider in self.served.values():
            provider.configure(config)

    def under(self, type_: str, given: Values) -> Provider:
        """As `Provider.under`."""
        return self._of(type_).under(type_, given)

    def secret(self, token: str) -> frozenset[str]:
        """As `Provider.secret`."""
        return self._of(token).secret(token)

    def check(self, type_: str, inputs: Values) -> Values:
        """As `Provider.check`."""
        return self._of(type_).check(type_, inputs)

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Diff:
        """As `Provider.diff`."""
        return self._of(type_).diff(type_, id_, old_inputs, old_outputs, new_inputs)

    def create(self, type_: str, inputs: Values, token: str) -> tuple[str, Values]:
        """As `Provider.create`."""
        return self._of(type_).create(type_, inputs, token)

    def find(self, type_: str, inputs: Values, token: str) -> tuple[str, Values] | None:
        """As `Provider.find`."""
        return self._of(type_).find(type_, inputs, token)

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """As `Provider.read`."""
        return self._of(type_).read(type_, id_, inputs, outputs)

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Values:
        """As `Provider.update`."""
        return self._of(type_).update(type_, id_, old_inputs, old_outputs, new_inputs)

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """As `Provider.delete`."""
        self._of(type_).delete(type_, id_, outputs)

    def invoke(self, token: str, args: Values) -> Values:
        """As `Provider.invoke`."""
        return self._of(token).invoke(token, args)

    def _of(self, token: str) -> Provider:
        package = token.removeprefix(PREFIX).partition(":")[0]
        if package not in self.served:
            raise ProviderError(
                f"the lab does not serve the package {package} ({token}); "
                f"it serves {', '.join(sorted(self.served))}"
            )
        return self.served[package]
