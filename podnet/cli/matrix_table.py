"""Renders a matrix as a table: a row per source, a column per target, ok or reasons in a cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from podnet.probe.matrix import INTERNET, METADATA, Check, Matrix, Result

OK = "ok"
NOT_ASKED = "-"
# Fits the longest words of the reasons; a column without failures is as wide as its name.
REASON_WIDTH = 18
BORDER = 3


class MatrixTable:
    """Renders a matrix; where the console is too narrow for all columns, in several tables."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._cells = {place: cell(results) for place, results in matrix.cells().items()}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the tables and the sum."""
        for columns in self._blocks(options.max_width):
            yield self._table(columns)
        yield self._sum()

    def _blocks(self, width: int) -> Iterator[list[str]]:
        free = width - self._first_width() - BORDER - 1
        block: list[str] = []
        used = 0
        always = (INTERNET, METADATA)
        others = [each for each in self.matrix.others if each not in always]
        for column in [*self.matrix.endpoints, *always, *others]:
            needed = self._width(column) + BORDER
            if block and used + needed > free:
                yield block
                block, used = [], 0
            block.append(column)
            used += needed
        if block:
            yield block

    def _first_width(self) -> int:
        return max(len(name) for name in (*self.matrix.endpoints, "from"))

    def _width(self, column: str) -> int:
        """Fits every word; `REASON_WIDTH` at most where the text can be wrapped."""
        texts = [
            self._cells[row, column].plain
            for row in self.matrix.endpoints
            if (row, column) in self._cells
        ]
        words = [len(word) for text in texts for word in text.split()]
        lines = [len(line) for text in texts for line in text.splitlines()]
        return max(len(column), *words, min(REASON_WIDTH, max(lines, default=0)), len(OK))

    def _table(self, columns: Sequence[str]) -> Table:
        table = Table(show_lines=any(text.plain != OK for text in self._cells.values()))
        table.add_column("from", min_width=self._first_width(), no_wrap=True)
        for column in columns:
            table.add_column(column, width=self._width(column), overflow="fold")
        for row in self.matrix.endpoints:
            table.add_row(
                row, *(self._cells.get((row, column), Text(NOT_ASKED, "dim")) for column in columns)
            )
        return table

    def _sum(self) -> Text:
        matrix = self.matrix
        failed = matrix.pairs - matrix.passed
        others = sum(
            result.check not in (Check.TCP, Check.UDP, Check.MTU) for result in matrix.failed
        )
        text = Text(f"{matrix.pairs} pairs: {matrix.passed} passed, {failed} failed")
        if others:
            text.append(f"; {others} other checks failed")
        text.append(f" ({len(matrix.results)} checks in {matrix.seconds:.1f} s)")
        if matrix.missing:
            text.append(f"\nmissing: {', '.join(matrix.missing)}")
        text.stylize("red" if matrix.failed else "green")
        return text


def cell(results: Sequence[Result]) -> Text:
    """The text of one cell: ok, or each reason once with the checks that gave it."""
    by_reason: dict[str, list[str]] = {}
    for result in results:
        if result.reason is not None:
            by_reason.setdefault(result.reason, []).append(_subject(result))
    if not by_reason:
        return Text(OK, "green")
    return Text(
        "\n".join(_line(reason, checks, results) for reason, checks in by_reason.items()), "red"
    )


def _line(reason: str, checks: Sequence[str], asked: Sequence[Result]) -> str:
    if len(checks) == len(asked):
        return reason
    return f"{', '.join(checks)}: {reason}"


def _subject(result: Result) -> str:
    if result.check is Check.LOCALHOST:
        ends: Mapping[str, str] = {"from": result.source, "to": result.target}
        return " to ".join(end.rpartition("/")[2] for end in ends.values())
    return str(result.check)
