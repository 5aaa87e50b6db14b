"""The rules by the action they are for, and a look-up they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import Call

Rule: TypeAlias = Callable[[Call, Client], None]
"""Raises `ApiError`; the second argument is a client of the action's service in its region."""

Row: TypeAlias = dict[str, Any]
"""One thing in the answer of a describe call."""

RULES: dict[str, list[Rule]] = {}


def rule(*actions: str) -> Callable[[Rule], Rule]:
    """Register a function as a rule for these actions of EC2 and IAM."""

    def register(function: Rule) -> Rule:
        for action in actions:
            RULES.setdefault(action, []).append(function)
        return function

    return register


def exists(describe: Callable[[], dict[str, Any]], key: str) -> Row | None:
    """The first thing described; None where the API has none, which moto reports itself."""
    try:
        found: list[Row] = describe()[key]
    except ClientError:
        return None
    return found[0] if found else None
