"""What the engine and a provider say to each other: values, differences and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, Protocol

Values = dict[str, Any]
"""Properties by their wire names (`vpcId`); the values are plain JSON values, no secrets."""


class Unknown(Enum):
    """The type of `UNKNOWN`; an enumeration, so that copies of a value keep its identity."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final[Literal[Unknown.UNKNOWN]] = Unknown.UNKNOWN
"""A value that only the deployment will tell, such as the id of a VPC not yet made.

It may stand anywhere inside the inputs of `check` and the new inputs of `diff`, and nowhere else.
It differs from every known value.
"""


class ProviderError(RuntimeError):
    """A provider refuses or fails; the message says what, why and, where known, the way out."""


@dataclass(frozen=True, slots=True)
class Diff:
    """How the new inputs of a resource differ from what it is."""

    changed: tuple[str, ...] = ()
    """Names of the top-level input properties that differ; empty: leave the resource alone."""
    replaces: tuple[str, ...] = ()
    """Those of `changed` that no update can reach: the resource is replaced."""
    delete_before_replace: bool = False
    """The two cannot exist at the same time (a fixed address, a fixed name)."""


class Provider(Protocol):
    """What makes, changes and removes resources of the types that a program uses.

    Every method raises `ProviderError` for what goes wrong on the way to the API. The engine may be
    killed at any moment, so each step must bear being done a second time: `update` with the same
    arguments, `delete` of what is gone.
    """

    def configure(self, config: Mapping[str, str]) -> None:
        """Take over what the stack's configuration says of the provider (`aws:region` and so on).

        Called before a program runs and before a refresh, with the whole configuration.
        """

    def under(self, type_: str, given: Values) -> Provider:
        """What serves the resources under an explicit provider, by its type and checked inputs.

        Asked once for each configuration. In a preview `UNKNOWN` may stand in it; of what is then
        answered, only `check` and `diff` are called.
        """
        del type_, given
        return self

    def secret(self, token: str) -> frozenset[str]:
        """Which properties of a type, or of what a function answers, are secret by themselves."""
        del token
        return frozenset()

    def check(self, type_: str, inputs: Values) -> Values:
        """The inputs with defaults filled in; refuses unknown types, unknown or bad properties.

        For an explicit provider (`pulumi:providers:aws`) the engine calls this method and `diff`
        alone, with the provider's own configuration: accept what is served, refuse the rest. The
        same inputs must give the same answer: a name the provider chooses itself is no input
        default, it is drawn in `create` (from the token) and is told in the outputs.
        """
        ...

    def diff(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Diff:
        """Compare checked new inputs with the last ones, recorded or found by `read`."""
        ...

    def create(self, type_: str, inputs: Values, token: str) -> tuple[str, Values]:
        """Make the resource; its id and its outputs (which hold the inputs as well).

        `token` is unique to this creation (32 hexadecimal digits) and is on disk before the call.
        The very API call that makes the resource must stamp it on the resource, so that `find`
        can tell it after a crash:

        * instances: the `ClientToken` of RunInstances (and the tag below);
        * whatever takes `TagSpecifications` or `Tags` when it is made: a tag, key `podnet:token`,
          value the token. `read`, `diff` and the outputs leave this one tag out;
        * names chosen by the provider: derived from the token;
        * what is identified by its own key (a route by table and destination, an association by
          table and subnet, an attachment by role and policy, a tag by resource and key): nothing,
          the key says it.

        If it fails after the resource came to be (a second API call was refused), it just raises:
        the engine asks `find` next time and `update` brings the rest.
        """
        ...

    def find(self, type_: str, inputs: Values, token: str) -> tuple[str, Values] | None:
        """The resource that a `create` with these very inputs and token made, or None.

        Asked when an earlier run ended without knowing what became of the call. Never answers
        with a resource that something else made, as far as a stamp can tell; what is gone or going
        (terminated, shutting down) is None.
        """
        ...

    def read(
        self,
        type_: str,
        id_: str,
        inputs: Values,
        outputs: Values,
    ) -> tuple[Values, Values] | None:
        """Inputs and outputs as they really are now; None when the resource is gone.

        `inputs` are those recorded: a property neither recorded nor different from its default
        stays out of the answer, so that an untouched resource reads back what was recorded.
        """
        ...

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        new_inputs: Values,
    ) -> Values:
        """Bring a resource to its new inputs, without replacing it; the new outputs."""
        ...

    def delete(self, type_: str, id_: str, outputs: Values) -> None:
        """Remove the resource and wait until it is gone; one that is gone already is fine."""
        ...

    def invoke(self, token: str, args: Values) -> Values:
        """Call a function such as `aws:ec2/getAmi:getAmi`; all arguments are known."""
        ...
