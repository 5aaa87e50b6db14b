"""Parameters of Systems Manager, among them secret ones."""

from __future__ import annotations

from collections.abc import Collection

from podnet.lab.providers.aws.base import Attempt, Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import gone_is_fine, tag_list
from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values

KIND = "Parameter"
"""The resource type in the tagging calls."""
SECURE = "SecureString"
TIERS = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""Bytes that a value may have."""
TYPES = ("String", "StringList", SECURE)


class Parameter(Resource):
    """A parameter; its name is its id."""

    type_ = "aws:ssm/parameter:Parameter"
    schema = Schema(
        required={"type"},
        optional={
            "name",
            "value",
            "insecureValue",
            "description",
            "tier",
            "dataType",
            "allowedPattern",
            "overwrite",
            "tags",
        },
        computed={"name", "tier", "dataType"},
        replaced_by={"name", "dataType"},
        exclusive={"value": {"value", "insecureValue"}},
        secret={"value"},
    )

    def validate(self, inputs: Values) -> None:
        kind, tier = inputs["type"], inputs.get("tier", "Standard")
        for given, known, what in ((kind, TYPES, "type"), (tier, tuple(TIERS), "tier")):
            if given is not UNKNOWN and given not in known:
                raise ProviderError(
                    f"{what} {given!r} of {self.type_}: AWS knows {', '.join(known)}",
                    rule="aws-parameter-choice-unknown",
                )
        if kind == SECURE and "insecureValue" in inputs:
            raise ProviderError(
                f"insecureValue of {self.type_} is for what is not secret; give a "
                f"{SECURE} its value",
                rule="aws-parameter-secret-insecure",
            )
        value = _value(inputs)
        if isinstance(value, str) and tier in TIERS and len(value.encode()) > TIERS[tier]:
            raise ProviderError(
                f"the value of {self.type_} has {len(value.encode()):,} bytes, and tier {tier} "
                f"holds {TIERS[tier]:,}: cut it in pieces, or keep it elsewhere",
                rule="aws-parameter-too-large",
            )

    def replacing(self, old: Values, new: Values, changed: Collection[str]) -> set[str]:
        # AWS takes a parameter up a tier and never down.
        down = (old.get("tier"), new.get("tier")) == ("Advanced", "Standard")
        return super().replacing(old, new, changed) | ({"tier"} if down else set())

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        name = _name(inputs, attempt)
        over = bool(inputs.get("overwrite"))
        # A call that overwrites takes no tags; `reconcile` gives them after it.
        tags = {} if over else {"Tags": tag_list(inputs.get("tags"))}
        self.session.ssm.put_parameter(Name=name, Overwrite=over, **_settings(inputs), **tags)
        return name

    def created(self, id_: str, inputs: Values) -> Values:
        """Read back once, without waiting for what Systems Manager does not list yet."""
        return self.update(id_, inputs, inputs)

    def describe(self, id_: str, known: Values) -> Values | None:
        with gone_is_fine():
            found = self.session.ssm.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
            listed = self.session.all(
                self.session.ssm,
                "describe_parameters",
                "Parameters",
                ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [id_]}],
            )
            if not listed:
                return None
            metadata = listed[0]
            return {
                "name": found["Name"],
                "type": found["Type"],
                "arn": found["ARN"],
                "version": found["Version"],
                "dataType": found.get("DataType", "text"),
                "description": metadata.get("Description") or None,
                "allowedPattern": metadata.get("AllowedPattern") or None,
                "tier": metadata.get("Tier") or known.get("tier") or "Standard",
                "value": None,
                "insecureValue": None,
                "insecureValue" if "insecureValue" in known else "value": found["Value"],
                "tags": self.session.read_tags(self._tags(id_)),
            }
        return None

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        if inputs["type"] != live["type"]:
            raise ProviderError(
                f"AWS makes no {inputs['type']} of a {live['type']}; "
                f"give the parameter another name",
                rule="aws-parameter-type-fixed",
            )
        compared = (
            "description",
            "allowedPattern",
            *(name for name in ("tier",) if inputs.get(name)),
        )
        if _value(inputs) != _value(live) or any(
            inputs.get(name) != live[name] for name in compared
        ):
            self.session.ssm.put_parameter(Name=id_, Overwrite=True, **_settings(inputs))
        wanted, have = inputs.get("tags") or {}, live["tags"]
        which = {"ResourceType": KIND, "ResourceId": id_}
        if new := {key: value for key, value in wanted.items() if have.get(key) != value}:
            self.session.ssm.add_tags_to_resource(**which, Tags=tag_list(new))
        if stale := have.keys() - wanted.keys():
            self.session.ssm.remove_tags_from_resource(**which, TagKeys=sorted(stale))

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        self.session.ssm.delete_parameter(Name=id_)

    def _tags(self, name: str) -> list[Values]:
        tags: list[Values] = self.session.ssm.list_tags_for_resource(
            ResourceType=KIND, ResourceId=name
        )["TagList"]
        return tags


def _name(inputs: Values, attempt: Attempt) -> str:
    return str(inputs.get("name") or attempt.made_up_name)


def _value(values: Values) -> object:
    """The value, under whichever of its two names it was given."""
    found = values.get("insecureValue")
    return values.get("value") if found is None else found


def _settings(inputs: Values) -> Values:
    """Arguments of both the creating and the changing call."""
    given = {
        "Description": inputs.get("description") or "",
        "Tier": inputs.get("tier"),
        "DataType": inputs.get("dataType"),
        "AllowedPattern": inputs.get("allowedPattern"),
    }
    return {
        "Type": inputs["type"],
        "Value": _value(inputs),
        **{name: value for name, value in given.items() if value is not None},
    }
