"""Ordered pairs of names as few products of sets, so that 60,000 pairs are a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from podnet.plan.nodes import by_number
from podnet.report.names import listed

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Product:
    """Every pair of a source and another name among the targets."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]

    def __str__(self) -> str:
        if self.sources == self.targets:
            return f"{listed(self.sources)}, each to each other"
        return f"{listed(self.sources)} to {listed(self.targets)}"


def products(pairs: Iterable[tuple[Names, Names]]) -> list[Product]:
    """Exactly these pairs, of which none is of a name with itself.

    The sets of sources are disjoint or equal.
    """
    targets: dict[Names, set[str]] = {}
    for source, target in pairs:
        targets.setdefault(source, set()).update(target)
    plain = _alike(targets)
    # Names that all reach each other have the same targets once each counts itself among them.
    closed = _alike({source: each | source for source, each in targets.items()})
    return min(plain, closed, key=len)


def _alike(targets: Mapping[Names, set[str]]) -> list[Product]:
    found: dict[Names, set[str]] = {}
    for source, each in targets.items():
        found.setdefault(frozenset(each), set()).update(source)
    return [
        Product(_ordered(sources), _ordered(each - sources if len(sources) == 1 else each))
        for each, sources in found.items()
    ]


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=by_number))
