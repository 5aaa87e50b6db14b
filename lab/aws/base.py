"""What every resource type shares: checks, differences, stamps, and what a reading tells."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any, ClassVar

from lab.aws.session import TOKEN_TAG, Session, gone_is_fine, tag_list
from lab.engine.values import UNKNOWN, Diff, ProviderError, Values


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """The inputs of a resource type."""

    required: AbstractSet[str] = frozenset()
    optional: AbstractSet[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Optional inputs that have a value even if the program gives none."""
    computed: AbstractSet[str] = frozenset()
    """Optional inputs that the API chooses if the program gives none, or none any more."""
    replaced_by: AbstractSet[str] = frozenset()
    """Inputs that no update can reach."""
    unordered: AbstractSet[str] = frozenset()
    documents: AbstractSet[str] = frozenset()
    """Inputs that are JSON texts, compared by what they say."""
    networks: AbstractSet[str] = frozenset()
    """Inputs that are IPv4 ranges."""
    key: AbstractSet[str] = frozenset()
    """Inputs by which the API knows the resource, where the id does not say it."""
    secret: AbstractSet[str] = frozenset()
    """Inputs that are secret by themselves, and so as outputs."""
    exclusive: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """Groups of inputs of which exactly one must be given, by what the group is."""

    @property
    def served(self) -> AbstractSet[str]:
        """All inputs."""
        return self.required | self.optional


class Resource:
    """One resource type.

    A subclass declares its properties and says how the API makes, shows, changes and removes the
    thing. `look` tells every property that the API shows, None where it is not set; what the API
    does not show is taken from the inputs.
    """

    type_: ClassVar[str]
    """The Pulumi token of the type."""
    schema: ClassVar[Schema]

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ec2 = session.ec2
        self.iam = session.iam

    # What a type says for itself.

    def make(self, inputs: Values, token: str) -> str:
        """The one API call that makes the resource, stamped; its id."""
        raise NotImplementedError

    def seek(self, inputs: Values, token: str) -> str | None:
        """The id of what `make` made with this stamp, or under this key, if it did."""
        raise NotImplementedError

    def look(self, id_: str, known: Values) -> Values | None:
        """The properties as the API shows them; None when it is gone."""
        raise NotImplementedError

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        """Make the resource what the inputs say, from what it is; twice is as good as once."""

    def remove(self, id_: str, known: Values) -> None:
        """Remove the resource; an API error that says it is gone counts as done."""
        raise NotImplementedError

    def validate(self, inputs: Values) -> None:
        """Rules of this type alone; the values may be `UNKNOWN`."""

    def replacing(self, old: Values, new: Values, changed: Collection[str]) -> set[str]:
        """Those of the changed properties that no update can reach."""
        del old, new
        return set(self.schema.replaced_by & set(changed))

    def same(self, name: str, old: Any, new: Any) -> bool:  # noqa: ANN401
        """Whether two values of a property mean the same."""
        if name in self.schema.unordered and isinstance(old, list) and isinstance(new, list):
            return sorted(old, key=repr) == sorted(new, key=repr)
        if name in self.schema.documents and isinstance(old, str) and isinstance(new, str):
            return bool(_parsed(old) == _parsed(new))
        return bool(old == new)

    # What the provider asks, the same for every type.

    def check(self, inputs: Values) -> Values:
        """The inputs with defaults; see `Provider.check`."""
        given = {name: value for name, value in inputs.items() if value is not None}
        region = given.pop("region", self.session.region)
        if region not in {self.session.region, UNKNOWN}:
            raise ProviderError(
                f"region {region} of {self.type_}: the lab is {self.session.region}"
            )
        for name in given.keys() - self.schema.served:
            raise ProviderError(self._unknown(name))
        for name in sorted(self.schema.required - given.keys()):
            raise ProviderError(f"{self.type_} needs the property {name}, which is missing")
        for what, names in self.schema.exclusive.items():
            chosen = sorted(names & given.keys())
            if len(chosen) != 1:
                raise ProviderError(
                    f"{self.type_} takes exactly one {what}, one of {', '.join(sorted(names))}; "
                    f"got {', '.join(chosen) or 'none'}"
                )
        for name in sorted(self.schema.networks & given.keys()):
            self._check_network(name, given[name])
        self.validate(given)
        return {**self.schema.defaults, **given}

    def diff(self, old: Values, new: Values) -> Diff:
        """How new inputs differ from old ones; see `Provider.diff`."""
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

    def create(self, inputs: Values, token: str) -> tuple[str, Values]:
        """See `Provider.create`."""
        id_ = self.make(inputs, token)
        return id_, self._brought(id_, inputs, inputs)

    def find(self, inputs: Values, token: str) -> tuple[str, Values] | None:
        """See `Provider.find`."""
        id_ = self.seek(inputs, token)
        live = None if id_ is None else self.look(id_, inputs)
        return None if id_ is None or live is None else (id_, self._outputs(inputs, live))

    def read(self, id_: str, inputs: Values, outputs: Values) -> tuple[Values, Values] | None:
        """See `Provider.read`."""
        known = {**outputs, **inputs}
        if missing := self.schema.key - known.keys():
            raise ProviderError(
                f"{self.type_} cannot be read by its id alone; "
                f"{', '.join(sorted(missing))} must be known"
            )
        live = self.look(id_, known)
        if live is None:
            return None
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
        """See `Provider.update`."""
        return self._brought(id_, inputs, known)

    def delete(self, id_: str, known: Values) -> None:
        """See `Provider.delete`."""
        with gone_is_fine():
            self.remove(id_, known)

    def _brought(self, id_: str, inputs: Values, known: Values) -> Values:
        self.bring(id_, inputs, self._there(id_, known))
        return self._outputs(inputs, self._there(id_, {**known, **inputs}))

    def _there(self, id_: str, known: Values) -> Values:
        live = self.look(id_, known)
        if live is None:
            raise ProviderError(f"{self.type_} {id_} is gone; refresh, and it will be made anew")
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
                f"{name} {value!r} of {self.type_} is no IPv4 range: {error}"
            ) from error


class Ec2Resource(Resource):
    """A resource of EC2 with an id of its own, described by one call and stamped by a tag."""

    kind: ClassVar[str]
    """As tag specifications and ARNs call it."""
    listing: ClassVar[tuple[str, str, str, str]]
    """Describing call, its argument for ids, the key of its answer, the key of an id therein."""

    def fetch(self, id_: str) -> Values | None:
        """What the describing call says of one id."""
        operation, ids, key, _ = self.listing
        with gone_is_fine():
            for item in self._items(getattr(self.ec2, operation)(**{ids: [id_]})[key]):
                return item
        return None

    def seek(self, inputs: Values, token: str) -> str | None:
        """The id with the stamp of this creation."""
        del inputs
        operation, _, key, id_key = self.listing
        found = self.session.all(
            self.ec2, operation, key, Filters=[{"Name": f"tag:{TOKEN_TAG}", "Values": [token]}]
        )
        return next((str(item[id_key]) for item in self._items(found)), None)

    def _items(self, described: list[Values]) -> list[Values]:
        return described

    def stamp(self, inputs: Values, token: str) -> list[Values]:
        """Tag specifications for the call that makes the resource."""
        return [{"ResourceType": self.kind, "Tags": tag_list(inputs.get("tags"), token)}]

    def arn(self, id_: str, owner: str) -> str:
        """The ARN of a resource of this type."""
        return f"arn:aws:ec2:{self.session.region}:{owner}:{self.kind}/{id_}"

    def retag(self, id_: str, wanted: Mapping[str, str] | None, have: Mapping[str, str]) -> None:
        """Bring the tags that the program may see to what it wants."""
        new = {key: value for key, value in (wanted or {}).items() if have.get(key) != value}
        if new:
            self.ec2.create_tags(Resources=[id_], Tags=tag_list(new))
        if stale := have.keys() - (wanted or {}).keys():
            self.ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in sorted(stale)])


def _project(recorded: Any, live: Any) -> Any:  # noqa: ANN401
    """Of a nested block, the parts that were recorded; the API chooses the others."""
    if isinstance(recorded, dict) and isinstance(live, Block):
        return {key: live[key] for key in recorded if live.get(key) is not None}
    return live


class Block(dict[str, Any]):
    """A nested block of properties, of which the program may give some."""


def _parsed(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except ValueError:
        return text
