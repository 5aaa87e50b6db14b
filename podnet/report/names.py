"""Names as a reader takes them in: those that are numbered in a row as one, exactly."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

NUMBERED = re.compile(r"(.*?)(0|[1-9][0-9]{0,8})([^0-9]*)", re.DOTALL)
SHORTEST = 3
"""Names in a row from which on their first and last say it shorter."""


def runs(names: Iterable[str]) -> list[str]:
    """Each name, or `FIRST to LAST` for names that differ by consecutive numbers alone."""
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    found: list[str] = []
    for name in dict.fromkeys(names):
        if match := NUMBERED.fullmatch(name):
            numbers[match[1], match[3]].append(int(match[2]))
        else:
            found.append(name)
    for (head, tail), each in numbers.items():
        for first, last in _intervals(sorted(each)):
            if last - first + 1 < SHORTEST:
                found += [f"{head}{number}{tail}" for number in range(first, last + 1)]
            else:
                found.append(f"{head}{first}{tail} to {head}{last}{tail}")
    return found


def listed(names: Iterable[str]) -> str:
    """The same in one text, with the count where there are several."""
    all_names = list(dict.fromkeys(names))
    text = ", ".join(runs(all_names))
    return f"{text} ({len(all_names):,})" if len(all_names) >= SHORTEST else text


def _intervals(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
