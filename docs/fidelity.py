"""The tables of docs/provider-fidelity.md, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("provider-fidelity.md")
EVENTS = ("create", "read", "update", "delete")
"""Columns of the table of permissions."""
NOTHING = "none"
"""A cell that says: nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of one table."""

    table: str
    """The heading above the table."""
    subject: str
    """The first cell: a type, a look-up or an event."""
    cells: Mapping[str, str]
    """The other cells, by the head of their column."""

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that hold the row, as the page writes them."""
        return tuple(re.findall(r"`([^`]+\.py::[^`]+)`", self.cells["test"]))


def rows(page: str | None = None) -> tuple[Row, ...]:
    """Every row of every table that has a column `test`."""
    return tuple(_rows(PAGE.read_text() if page is None else page))


def actions(subject: str) -> dict[str, frozenset[str]]:
    """The IAM actions of a type or look-up, by event; each event but `read` reads as well."""
    for row in rows():
        if row.table == "Permissions" and row.subject == subject:
            return {event: frozenset(_code(row.cells[event])) for event in EVENTS}
    raise KeyError(subject)


def _rows(page: str) -> Iterator[Row]:
    heading, head = "", []
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not head:
            head = cells
        elif head[-1] == "test" and set(cells[0]) != {"-"}:
            if len(cells) != len(head):
                raise ValueError(
                    f"{PAGE.name}: the row {cells[0]} of {heading} has {len(cells)} cells, "
                    f"and the table {len(head)} columns"
                )
            yield Row(
                table=heading,
                subject=cells[0].strip("`"),
                cells=dict(zip(head[1:], cells[1:], strict=True)),
            )


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
