"""Shared by all resource types: checks, differences, and reading."""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, ClassVar

from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import POLL, Session, gone_is_fine
from podnet.lab.providers.protocol import UNKNOWN, Diff, ProviderError, Value, Values

EMPTY: tuple[Value, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One creation of a resource."""

    token: str
    """Unique to it, in hexadecimal digits."""
    name: str
    """The resource's name in the program."""

    @property
    def made_up_name(self) -> str:
        """A name for what the program leaves unnamed: as the bridge makes one up."""
        return f"{self.name}-{self.token[:7]}"


class Resource:
    """One resource type.

    A subclass declares its properties and says how the API creates, describes, changes and deletes
    the resource. `describe` returns every property that the API shows, None where it is not set;
    what the API does not show is taken from the inputs.
    """

    type_: ClassVar[str]
    """The Pulumi token of the type."""
    schema: ClassVar[Schema]

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ec2 = session.ec2
        self.iam = session.iam

    # Defined by each type.

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        """The one API call that creates the resource; returns its id."""
        raise NotImplementedError

    def describe(self, id_: str, known: Values) -> Values | None:
        """The properties as the API shows them; None when it is gone."""
        raise NotImplementedError

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        """Bring the resource from its live properties to the inputs. Idempotent."""

    def delete_call(self, id_: str, known: Values) -> None:
        """Remove the resource; an API error that says it is gone counts as done."""
        raise NotImplementedError

    def validate(self, inputs: Values) -> None:
        """Rules of this type alone; the values may be `UNKNOWN`."""

    def imported(self, id_: str) -> Values:
        """What the id says by which an import names the resource, where that is more than an id."""
        del id_
        return {}

    def replacing(self, old: Values, new: Values, changed: Collection[str]) -> set[str]:
        """Those of the changed properties that no update can reach."""
        del old, new
        return set(self.schema.replaced_by & set(changed))

    def same(self, name: str, old: Value, new: Value) -> bool:
        """Whether two values of a property mean the same."""
        if name in self.schema.unordered and isinstance(old, list) and isinstance(new, list):
            return sorted(old, key=repr) == sorted(new, key=repr)
        if name in self.schema.documents and isinstance(old, str) and isinstance(new, str):
            return bool(_parsed(old) == _parsed(new))
        # To Terraform, what is empty is what is not there.
        return bool(old == new) or (old in EMPTY and new in EMPTY)

    # Called by the provider, the same for every type.

    def check(self, inputs: Values) -> Values:
        """The inputs with defaults; raises `ProviderError` for those that are not served."""
        given = {name: value for name, value in inputs.items() if value is not None}
        region = given.pop("region", self.session.region)
        if region not in {self.session.region, UNKNOWN}:
            raise ProviderError(
                f"region {region} of {self.type_}: the lab is {self.session.region}",
                rule="aws-resource-region-mismatch",
            )
        for name in given.keys() - self.schema.served:
            raise ProviderError(self._unknown(name), rule="aws-property-unknown")
        for name in sorted(self.schema.required - given.keys()):
            raise ProviderError(
                f"{self.type_} needs the property {name}, which is missing",
                rule="aws-property-missing",
            )
        for what, names in self.schema.exclusive.items():
            chosen = sorted(names & given.keys())
            if len(chosen) != 1:
                raise ProviderError(
                    f"{self.type_} takes exactly one {what}, one of {', '.join(sorted(names))}; "
                    f"got {', '.join(chosen) or 'none'}",
                    rule="aws-properties-exclusive",
                )
        for name in sorted(self.schema.networks & given.keys()):
            self._check_network(name, given[name])
        self.validate(given)
        return {**self.schema.defaults, **given}

    def diff(self, old: Values, new: Values, outputs: Values) -> Diff:
        """Compare new inputs with old ones; `outputs` are those of the last reading."""
        # What nobody asked for is what EC2 chose, and to ask for the same changes nothing: a plan
        # compares with the state (Terraform's documentation of providers, "Attributes", Computed).
        unasked = {name for name in self.schema.computed if old.get(name) is None}
        from_state = (self.schema.read_back | unasked) & outputs.keys()
        old = {**self.schema.defaults, **old, **{name: outputs[name] for name in from_state}}
        new = {**self.schema.defaults, **new}
        changed = tuple(
            sorted(
                name
                for name in old.keys() | new.keys()
                if not (name in self.schema.computed and new.get(name) is None)
                and not self.same(name, old.get(name), new.get(name))
            )
        )
        replaces = self.replacing(old, new, changed)
        # As the bridge of the AWS provider has it: two things of one given name cannot coexist.
        stays = new.get("name") is not None and "name" not in changed
        return Diff(changed, tuple(sorted(replaces)), bool(replaces) and stays)

    def created(self, id_: str, inputs: Values) -> Values:
        """Bring a resource that was made just now to all of its inputs; its outputs.

        What the API does not show yet is waited for.
        """
        deadline = time.monotonic() + self.session.patience
        while (live := self.describe(id_, inputs)) is None and time.monotonic() < deadline:
            time.sleep(POLL)
        self.reconcile(id_, inputs, live or self._live(id_, inputs))
        return self._outputs(inputs, self._live(id_, inputs))

    def read(self, id_: str, inputs: Values, outputs: Values) -> tuple[Values, Values] | None:
        known = {**outputs, **inputs} or self.imported(id_)
        if missing := self.schema.key - known.keys():
            raise ProviderError(
                f"{self.type_} cannot be read by its id alone; "
                f"{', '.join(sorted(missing))} must be known",
                rule="aws-read-needs-key",
            )
        live = self.describe(id_, known)
        if live is None:
            return None
        if not outputs:
            return self.importable(live), self._outputs({}, live)
        found: Values = {}
        for name in sorted(self.schema.served):
            recorded = inputs.get(name)
            value = _project(recorded, live.get(name, recorded))
            if self.same(name, recorded, value):
                value = recorded
            elif recorded is None and (
                name in self.schema.computed or not value or value == self.schema.defaults.get(name)
            ):
                value = None
            if value is not None:
                found[name] = value
        return found, self._outputs(inputs, live)

    def update(self, id_: str, known: Values, inputs: Values) -> Values:
        """Bring the resource to the inputs, from whatever it is now; its outputs."""
        self.reconcile(id_, inputs, self._live(id_, known))
        return self._outputs(inputs, self._live(id_, {**known, **inputs}))

    def delete(self, id_: str, known: Values) -> None:
        with gone_is_fine():
            self.delete_call(id_, known)

    def importable(self, live: Values) -> Values:
        """The inputs of a resource that no state has: all that is set, also what EC2 chose.

        As the bridge does (pulumi-terraform-bridge, pkg/tfbridge/schema.go, extractSchemaInputs):
        what is empty or the default is left out, unless the program must give it.
        """
        return {
            name: _plain(live[name])
            for name in sorted(self.schema.served & live.keys())
            if live[name] is not None
            and (
                name in self.schema.required
                or (
                    live[name] != self.schema.defaults[name]
                    if name in self.schema.defaults
                    else bool(live[name])
                )
            )
        }

    def _live(self, id_: str, known: Values) -> Values:
        live = self.describe(id_, known)
        if live is None:
            raise ProviderError(
                f"{self.type_} {id_} is gone; refresh, and it will be created again",
                rule="aws-resource-gone",
            )
        return live

    def _outputs(self, inputs: Values, live: Values) -> Values:
        merged = {**inputs, "region": self.session.region, **live}
        if "tags" in live:
            merged["tagsAll"] = live["tags"]
        return {name: value for name, value in merged.items() if value is not None}

    def _unknown(self, name: str) -> str:
        served = self.schema.served
        close = difflib.get_close_matches(name, served, n=1)
        hint = f"did you mean {close[0]}?" if close else f"served: {', '.join(sorted(served))}"
        return f"{self.type_} has no property {name} in the lab; {hint}"

    def _check_network(self, name: str, value: object) -> None:
        if value is UNKNOWN:
            return
        try:
            IPv4Network(str(value))
        except ValueError as error:
            raise ProviderError(
                f"{name} {value!r} of {self.type_} is no IPv4 range: {error}",
                rule="aws-network-malformed",
            ) from error


def _project(recorded: Value, live: Value) -> Value:
    """Of a nested block, the parts that were recorded; the API chooses the others."""
    if isinstance(recorded, dict) and isinstance(live, Block):
        return {key: live[key] for key in recorded if live.get(key) is not None}
    return live


def _plain(value: Value) -> Value:
    """Of a nested block, the parts that are set."""
    if isinstance(value, Block):
        return {name: part for name, part in value.items() if part not in (None, "", {}, 0, False)}
    return value


class Block(dict[str, Any]):
    """A nested block of properties, of which the program may give some."""


def _parsed(text: str) -> Value:
    try:
        return json.loads(text)
    except ValueError:
        return text
