"""What AWS refuses and moto takes; each rule is a function on a call, named by its action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from lab.cloud.call import Call


class Refused(Exception):  # noqa: N818  # an answer of the API, with its code
    """AWS would turn this call down."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


Rule: TypeAlias = Callable[[Call, Any], None]
"""Raises `Refused`; the second argument is a boto3 client of EC2 in the call's region."""

_RULES: dict[str, list[Rule]] = {}


def rule(*actions: str) -> Callable[[Rule], Rule]:
    """Let the function judge every call of these EC2 actions."""

    def register(function: Rule) -> Rule:
        for action in actions:
            _RULES.setdefault(action, []).append(function)
        return function

    return register


def judge(call: Call, ec2: Any) -> None:  # noqa: ANN401  # boto3 has no static type
    """Raise `Refused` where a rule turns the call down."""
    # Registered as they are imported; they import this module themselves.
    from lab.cloud.rules import addresses, dependencies, instances, routes  # noqa: F401, PLC0415

    for one in _RULES.get(call.action, ()):
        one(call, ec2)


def exists(describe: Callable[[], dict[str, Any]], key: str) -> Any:  # noqa: ANN401
    """The one thing described; None where the API has none, which is for moto to complain of."""
    try:
        found = describe()[key]
    except ClientError:
        return None
    return found[0] if found else None
