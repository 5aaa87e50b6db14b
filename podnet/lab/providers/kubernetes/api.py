"""What the provider asks of an API server, and the errors that answer."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from podnet.lab.providers.protocol import ProviderError, Values

MANAGER = "podnet"
"""Under this name the API server remembers which fields were applied from here."""


class Kind(NamedTuple):
    """API version and kind of a manifest."""

    api_version: str
    kind: str


class UnreachableError(ProviderError):
    """No API server answered."""


class RefusedError(ProviderError):
    """The API server answered, and not with what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, rule="api-server-refused")
        self.status = status


class NotServedError(ProviderError):
    """The API server knows no such kind."""


class Api(Protocol):
    """The calls of the provider to an API server."""

    def namespaced(self, kind: Kind) -> bool:
        """Whether objects of a kind are in namespaces."""
        ...

    def get(self, kind: Kind, name: str, namespace: str | None) -> Values | None:
        """An object; None when it is not there."""
        ...

    def listed(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> list[Values]:
        """The objects that fit the selectors."""
        ...

    def apply(self, manifest: Values, namespace: str | None, *, force: bool) -> Values:
        """Apply a manifest; returns the object."""
        ...

    def delete(self, kind: Kind, name: str, namespace: str | None, propagation: str) -> None:
        """Begin to remove an object; one that is gone already is fine."""
        ...
