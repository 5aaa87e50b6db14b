"""Pieces of nftables text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def table(family: str, name: str, body: Iterable[str], *, word: str = "delete") -> Iterator[str]:
    """A table that replaces the one of this name, if there is one, in the same transaction.

    With the word `flush` chains stay and only their rules go; one without a successor stays empty.
    """
    yield f"table {family} {name}"  # so that the next line is valid the first time too
    yield f"{word} table {family} {name}"
    yield f"table {family} {name} {{"
    yield from body
    yield "}"


def chain(name: str, *rules: str) -> Iterator[str]:
    """A chain with these rules."""
    yield f"chain {name} {{"
    yield from rules
    yield "}"


def mapping(pairs: Iterable[tuple[object, object]]) -> str:
    """An anonymous map."""
    return "{ " + ", ".join(f"{key} : {value}" for key, value in pairs) + " }"


def values(items: Iterable[object]) -> str:
    """An anonymous set."""
    return "{ " + ", ".join(map(str, items)) + " }"
