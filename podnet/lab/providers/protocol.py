"""The protocol between engines and providers: values, differences and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, Protocol, runtime_checkable

from podnet.errors import UserError

Value = Any
"""Any JSON value, or `UNKNOWN`."""
Values = dict[str, Value]
"""Properties by their wire names (`vpcId`); the values are plain JSON values, no secrets."""


class Unknown(Enum):
    """The type of `UNKNOWN`; an enumeration, so that copies of a value keep its identity."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final[Literal[Unknown.UNKNOWN]] = Unknown.UNKNOWN
"""A value that is known after the deployment, such as the id of a VPC that does not exist yet.

It may stand anywhere inside the inputs of `check` and the new inputs of `diff`, and nowhere else.
It differs from every known value.
"""


@dataclass(frozen=True, slots=True)
class Created:
    """A resource that exists, although what was to follow its creation failed."""

    id: str
    outputs: Values
    """The outputs as planned."""


class ProviderError(UserError):
    """A provider refuses or fails; the message says what, why and, where known, the way out."""

    created: Created | None = None
    """What `create` or `update` made before it failed; the engine records it."""
    reasons: tuple[str, ...] = ()
    """The message in parts, for an engine that lists them."""


@dataclass(frozen=True, slots=True)
class Diff:
    """The difference between a resource and its new inputs."""

    changed: tuple[str, ...] = ()
    """Names of the top-level input properties that differ; empty: leave the resource alone."""
    replaces: tuple[str, ...] = ()
    """Those of `changed` that no update can reach: the resource is replaced."""
    delete_before_replace: bool = False
    """The two cannot exist at the same time (a fixed address, a fixed name)."""


class Provider(Protocol):
    """Creates, changes and deletes resources of the types that a program uses.

    Every method raises `ProviderError` for what goes wrong on the way to the API. The engine may be
    killed at any moment, so each step must bear being done a second time: `update` with the same
    arguments, `delete` of what is gone.
    """

    def configure(self, config: Mapping[str, str]) -> None:
        """Take the provider's settings from the stack's configuration (`aws:region` and so on).

        Called before a program runs and before a refresh, with the whole configuration.
        """

    def with_configuration(self, type_: str, given: Values) -> Provider:
        """The provider of resources under an explicit provider, by its type and checked inputs.

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
        default, it is drawn in `create` (from the token) and stands in the outputs.
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

    def create(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values]:
        """Make the resource; its id and its outputs (which hold the inputs as well).

        `name` is that of the resource in the program; names that AWS wants and the program does not
        give begin with it.

        `token` is unique to this creation (32 hexadecimal digits): the `ClientToken` of a call that
        takes one, and the source of names that are made up.

        If it fails after the resource came to be (a second API call was refused), it raises
        a `ProviderError` that says so (`created`), and `update` brings the rest.
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


@runtime_checkable
class Finder(Protocol):
    """A provider that knows by itself what a creation made of which nobody has the record.

    That of AWS is none: its resources are searched for in the account.
    """

    def find(self, type_: str, inputs: Values, token: str, name: str) -> tuple[str, Values] | None:
        """The resource that a `create` with these very arguments made, or None.

        Asked when an earlier run ended without knowing what became of the call. Never answers
        with a resource that something else made, as far as it shows; what is gone or going
        (terminated, shutting down) is None.
        """
        ...
