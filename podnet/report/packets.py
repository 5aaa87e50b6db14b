"""The matrix as a page shows it: a row for each end, or for each kind where they are many."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podnet.errors import UserError
from podnet.probe.matrix import Check, Result
from podnet.report.names import listed
from podnet.report.pairs import Product, products

MOST_ROWS = 24
"""As many columns fit on a wide screen, and their cells can still be compared."""
MOST_REASONS = 3
MOST_SHOWN = 60

Outcomes = Mapping[tuple[str, str], str]
"""What is wrong, by pair of names; pairs that passed are not in it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A pair, or all pairs of two kinds of ends."""

    pairs: int
    failed: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """The pairs from some ends; `cells` by the columns of the table."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Pairs that fail alike."""

    text: str
    where: tuple[Product, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Packets:
    """What `podnet matrix --json` has written."""

    endpoints: tuple[str, ...]
    failed: tuple[Result, ...]
    missing: Mapping[str, str]
    pairs: int
    passed: int
    checks: int
    seconds: float

    @classmethod
    def parse(cls, text: str, origin: str) -> Packets:
        """The matrix that a text holds; raises `UserError` for any other text."""
        try:
            return cls._of(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UserError(
                f"{origin} holds no matrix ({type(error).__name__}: {str(error)[:MOST_SHOWN]}); "
                "`podnet matrix --json` writes one",
                rule="matrix-file-malformed",
            ) from error

    @classmethod
    def _of(cls, found: Mapping[str, Any]) -> Packets:
        failed = tuple(
            Result(row["from"], row["to"], Check(row["check"]), row["reason"])
            for row in found["failed"]
        )
        missing = dict(found["missing"])
        words = (word for row in failed for word in (row.source, row.target, row.reason))
        if not all(isinstance(word, str) for word in (*found["endpoints"], *words, *missing)):
            raise TypeError("a name is no text")
        return cls(
            endpoints=tuple(found["endpoints"]),
            failed=failed,
            missing=missing,
            pairs=int(found["pairs"]),
            passed=int(found["passed"]),
            checks=int(found["checks"]),
            seconds=float(found["seconds"]),
        )

    @property
    def outcomes(self) -> Outcomes:
        """The reasons of each pair that fails, each with the checks that gave it."""
        found: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
        for result in self.failed:
            source, target = result.source, result.target
            if result.check is Check.LOCALHOST:
                source = target = source.rpartition("/")[0]
            found[source, target].setdefault(str(result.reason), []).append(str(result.check))
        return {
            pair: "; ".join(f"{', '.join(checks)}: {reason}" for reason, checks in each.items())
            for pair, each in found.items()
        }

    def failures(self) -> list[Failure]:
        """Every pair that fails, those with the same reasons together."""
        alike: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
        own: dict[str, list[Product]] = defaultdict(list)
        for (source, target), text in self.outcomes.items():
            if source == target:
                own[text].append(Product((source,), (target,)))
            else:
                alike[text].append((frozenset((source,)), frozenset((target,))))
        return [
            Failure(text, (*own[text], *products(alike[text])))
            for text in dict.fromkeys((*own, *alike))
        ]


@dataclass(frozen=True, slots=True)
class Table:
    """The matrix; None in place of rows where even the kinds of ends are too many to compare."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...] | None
    by_kind: bool


def table(packets: Packets) -> Table:
    """A row for each end; for each kind of ends, which fail alike, where there are many."""
    outcomes = packets.outcomes
    many = len(packets.endpoints) > MOST_ROWS
    groups = _kinds(packets.endpoints, outcomes) if many else [[each] for each in packets.endpoints]
    others = dict.fromkeys(target for _, target in outcomes if target not in packets.endpoints)
    columns = [*groups, *([other] for other in others)]
    names = tuple(listed(group) for group in columns)
    if len(columns) > MOST_ROWS + len(others):
        return Table(names, None, many)
    placed = _placed(columns, outcomes)
    return Table(names, tuple(_rows(groups, columns, placed)), many)


def _kinds(endpoints: Sequence[str], outcomes: Outcomes) -> list[list[str]]:
    """The coarsest division in which ends of one kind have equally many failures with each kind."""
    kind = dict.fromkeys(endpoints, 0)
    while True:
        seen: dict[str, Counter[object]] = {each: Counter() for each in endpoints}
        for (source, target), text in outcomes.items():
            if source in seen:
                seen[source]["to", kind.get(target, target), text] += 1
            if target in seen and source in kind:
                seen[target]["from", kind[source], text] += 1
        numbers: dict[object, int] = {}
        divided = {
            each: numbers.setdefault((kind[each], frozenset(seen[each].items())), len(numbers))
            for each in endpoints
        }
        if len(numbers) == len(set(kind.values())):
            break
        kind = divided
    found: dict[int, list[str]] = defaultdict(list)
    for each in endpoints:
        found[kind[each]].append(each)
    return [*found.values()]


def _placed(
    columns: Sequence[Sequence[str]], outcomes: Outcomes
) -> dict[tuple[int, int], Counter[str]]:
    """How many pairs of two groups fail for which reason."""
    place = {name: number for number, group in enumerate(columns) for name in group}
    found: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for (source, target), text in outcomes.items():
        if source in place:
            found[place[source], place[target]][text] += 1
    return found


def _rows(
    groups: Sequence[Sequence[str]],
    columns: Sequence[Sequence[str]],
    placed: Mapping[tuple[int, int], Counter[str]],
) -> Iterator[Row]:
    for row, sources in enumerate(groups):
        cells = []
        for column, targets in enumerate(columns):
            failed = placed.get((row, column), Counter())
            pairs = len(sources) * len(targets) - (len(sources) if row == column else 0)
            # The checks between the containers of a pod stand where it would meet itself.
            pairs = max(pairs, failed.total())
            cells.append(Cell(pairs, failed.total(), _text(failed, pairs)))
        yield Row(listed(sources), tuple(cells))


def _text(failed: Counter[str], pairs: int) -> str:
    if not failed:
        return ""
    reasons = [text for text, _ in failed.most_common(MOST_REASONS)]
    if len(failed) > MOST_REASONS:
        reasons.append(f"and {len(failed) - MOST_REASONS} reasons more")
    count = f"{failed.total():,} of {pairs:,} pairs: " if pairs > 1 else ""
    return count + "; ".join(reasons)
