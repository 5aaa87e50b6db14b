"""Amounts such as `0.1` and `100m`, which the API server writes down in a form of its own."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

PLACES = frozenset({"limits", "requests", "capacity", "hard", "overhead", "sizeLimit"})
"""Under these names an amount is meant; elsewhere `1` and `1.0` are two texts."""
_FORM = re.compile(r"(?P<number>[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)(?P<suffix>[A-Za-z]{0,2})")
_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}


def same(path: str, one: object, other: object) -> bool:
    """Whether two values mean the same amount, where a path says that they are amounts."""
    if one == other:
        return True
    if PLACES.isdisjoint(path.split(".")[-2:]):
        return False
    first, second = _amount(one), _amount(other)
    return first is not None and first == second


def _amount(value: object) -> Decimal | None:
    match = _FORM.fullmatch(str(value))
    if match is None or match["suffix"] not in _SUFFIXES:
        return None
    try:
        return Decimal(match["number"]) * _SUFFIXES[match["suffix"]]
    except InvalidOperation:
        return None
