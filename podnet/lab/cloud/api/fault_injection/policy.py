"""Policies of IAM, evaluated as far as the project's own go; what goes further is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from podnet.errors import UserError

SERVED = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One action on one resource, as IAM is asked about it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    """Condition keys that the request has."""


class Policy:
    """The statements of one policy; raises `UserError` for elements that are not evaluated."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._statements = [_checked(each) for each in _list(document["Statement"])]

    def allows(self, request: Request) -> bool:
        """Whether a statement allows the action on the resource."""
        return any(_fits(statement, request) for statement in self._statements)


def missing(policies: Iterable[Policy], requests: Iterable[Request]) -> Request | None:
    """The first of the requests that no policy allows."""
    known = tuple(policies)
    return next((each for each in requests if not any(one.allows(each) for one in known)), None)


def _checked(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = sorted(
        (statement.keys() - SERVED) | (statement.get("Condition", {}).keys() - OPERATORS.keys())
    )
    if unknown or statement["Effect"] != "Allow":
        raise UserError(
            f"the lab evaluates no policy with {', '.join(unknown) or 'Effect Deny'}: {statement}",
            rule="api-policy-not-evaluated",
        )
    return statement


def _fits(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        # Actions are compared without regard to case (IAM User Guide, "Action").
        any(
            fnmatchcase(request.action.lower(), each.lower()) for each in _list(statement["Action"])
        )
        and any(_like(request.resource, each) for each in _list(statement["Resource"]))
        and all(
            OPERATORS[operator](request.context.get(key), _list(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _like(value: str, pattern: str) -> bool:
    # A request on all resources is allowed by no narrower pattern.
    return pattern == "*" if value == "*" else fnmatchcase(value, pattern)


def _null(value: str | None, wanted: list[str]) -> bool:
    return str(value is None).lower() in wanted


def _equals(value: str | None, wanted: list[str]) -> bool:
    return value in wanted


def _list(value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    return value if isinstance(value, list) else [value]


def _arn_like(value: str | None, wanted: list[str]) -> bool:
    return value is not None and any(fnmatchcase(value, each) for each in wanted)


OPERATORS = {"Null": _null, "StringEquals": _equals, "ArnLike": _arn_like}
