"""The file that a preview writes: the resources of a stack as the deployment is to leave them.

`pulumi preview --json --show-sames` and `podnet preview --json` write it (pulumi/pulumi,
pkg/backend/display/json.go, ShowPreviewDigest).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from podnet.errors import UserError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that only the deployment gives (pulumi/pulumi, sdk/go/common/resource/plugin,
UnknownStringValue)."""
COMMAND = "`pulumi preview --json --show-sames`"
SAME = "same"
GONE = ("delete", "discard")
"""Operations that leave no resource."""
HALVES = ("delete-replaced", "discard-replaced", "remove-pending-replace")
"""Operations on what was replaced; another step has what replaces it."""
REPLACEMENTS = ("create", "replace", "create-replacement", "import", "import-replacement")
"""Operations after which a resource has none of the properties that AWS computed before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A resource as the deployment is to leave it; `UNKNOWN` stands in what is not known yet."""

    urn: str
    id: str = ""
    """Empty where it is to be made."""
    inputs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    outputs: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What the API said of it before the deployment."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The URNs of the resources that each input is taken from."""

    @property
    def type(self) -> str:
        """The type of the resource, as in `aws:ec2/route:Route`."""
        return self.urn.split("::", 3)[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def title(self) -> str:
        """Type and name, for people."""
        return f"{self.type.rpartition(':')[2]} {self.name}"

    def known(self, name: str) -> Any:  # noqa: ANN401  # any JSON value
        """An input, or else what AWS computed; None where neither is there or it is not known."""
        value = self.inputs.get(name, self.outputs.get(name))
        return None if value == UNKNOWN else value


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanFile:
    """What a preview says."""

    config: Mapping[str, str]
    """The configuration of the stack, keyed as `podnet:routing`; secret values are masked."""
    resources: tuple[Planned, ...]


def read(text: str, origin: str) -> PlanFile:
    """The plan in a file; `origin` names it in errors.

    Raises `UserError` where it is no JSON, no preview, a preview that failed, one that leaves out
    what stays as it is, or one that leaves nothing.
    """
    content = _parse(text, origin)
    if not isinstance(content, dict) or not isinstance(content.get("steps"), list):
        raise UserError(
            f"{origin} has no list of steps, so it is not what a preview writes; write it with "
            f"{COMMAND}",
            rule="plan-without-steps",
        )
    if failure := _failure(content):
        raise UserError(
            f"{origin} is of a preview that failed: {failure}; mend that, and write it again",
            rule="plan-failed",
        )
    steps = [_step(step, origin, number) for number, step in enumerate(content["steps"], 1)]
    _refuse_incomplete(content, steps, origin)
    resources = _left(steps, origin)
    if not any(one.id or one.inputs for one in resources):
        raise UserError(
            f"{origin} leaves no resource of the stack: what is deleted cannot be proved; preview "
            "a deployment, not its removal",
            rule="plan-only-deletes",
        )
    config = content.get("config") or {}
    return PlanFile(
        config={key: value for key, value in config.items() if isinstance(value, str)},
        resources=resources,
    )


def _parse(text: str, origin: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{origin} is no JSON: {error.msg} at line {error.lineno}, column {error.colno} of "
            f"{text.count(chr(10)) + 1} lines; was it cut off? Write it with {COMMAND}",
            rule="plan-not-json",
        ) from error
    except RecursionError as error:
        raise UserError(
            f"{origin} is nested deeper than any preview; write it with {COMMAND}",
            rule="plan-too-deep",
        ) from error


def _failure(content: Mapping[str, Any]) -> str:
    """The first error that a preview reported."""
    diagnostics = content.get("diagnostics") or ()
    texts = (
        str(each.get("message", "")).strip()
        for each in diagnostics
        if isinstance(each, dict) and each.get("severity") == "error"
    )
    return next(texts, "")


def _step(step: object, origin: str, number: int) -> dict[str, Any]:
    states = ("oldState", "newState")
    if (
        not isinstance(step, dict)
        or not isinstance(step.get("op"), str)
        or str(step.get("urn")).count("::") < 3  # noqa: PLR2004  # the separators of a URN
        or not all(isinstance(step.get(name) or {}, dict) for name in states)
    ):
        raise UserError(
            f"{origin}: step {number} has no op, no URN or no state; write it with {COMMAND}",
            rule="plan-step-malformed",
        )
    return step


def _refuse_incomplete(
    content: Mapping[str, Any], steps: list[dict[str, Any]], origin: str
) -> None:
    """Refuse a preview that counts resources which it does not list."""
    summary = content.get("changeSummary") or {}
    counted = summary.get(SAME, 0) if isinstance(summary, dict) else 0
    listed = sum(step["op"] == SAME for step in steps)
    if listed < counted:
        raise UserError(
            f"{origin} leaves out {counted - listed} resources that stay as they are, without "
            f"which nothing is proved; write it with {COMMAND}",
            rule="plan-incomplete",
        )


def _left(steps: list[dict[str, Any]], origin: str) -> tuple[Planned, ...]:
    found: dict[str, Planned] = {}
    for number, step in enumerate(steps, 1):
        if step["op"] in HALVES:
            continue
        if step["op"] in GONE:
            found.pop(step["urn"], None)
        elif step.get("newState"):
            found[step["urn"]] = _planned(step, f"{origin}: step {number}")
    return tuple(found.values())


def _planned(step: dict[str, Any], place: str) -> Planned:
    new = step["newState"]
    old = {} if step["op"] in REPLACEMENTS else step.get("oldState") or {}
    return Planned(
        urn=step["urn"],
        id=str(new.get("id") or old.get("id") or ""),
        inputs=_mapping(new, "inputs", place),
        outputs={**_mapping(old, "outputs", place), **_mapping(new, "outputs", place)},
        sources={
            name: tuple(map(str, urns))
            for name, urns in _mapping(new, "propertyDependencies", place).items()
            if isinstance(urns, list)
        },
    )


def _mapping(state: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    value = state.get(name) or {}
    if not isinstance(value, dict):
        raise UserError(
            f"{place}: {name} is no object; write the file with {COMMAND}",
            rule="plan-state-malformed",
        )
    return value


def of_types(resources: tuple[Planned, ...], *types: str) -> Iterator[Planned]:
    """The resources of some types."""
    return (one for one in resources if one.type in types)
