"""Every row of docs/provider-fidelity.md has a source, and a test of the lab's provider."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from docs.fidelity import EVENTS, NOTHING, Row, rows

TESTS = Path(__file__).parents[1] / "lab" / "providers"
SOURCE = re.compile(r"(?:[TPBK] `[\w./-]+\.\w+`|https://docs\.aws\.amazon\.com/\S+)")
ACTION = re.compile(r"`(?:ec2|iam|logs|ssm|servicequotas):[A-Z]\w+`")
ROWS = rows()


def called(row: Row) -> str:
    return f"{row.table}: {row.subject}"


def unsourced(row: Row) -> list[str]:
    """The sources of a row that name no file of a repository and no page of AWS."""
    sources = row.cells["source"].split(" · ")
    return [one for one in sources if not SOURCE.fullmatch(one)]


@cache
def collected(file: Path) -> frozenset[str]:
    """The tests that pytest collects from a file: functions at its top level."""
    return frozenset(
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def missing(test: str) -> bool:
    """Whether the test that a row names does not exist."""
    name, _, function = test.partition("::")
    file = TESTS / name
    return not file.is_file() or function not in collected(file)


@pytest.mark.parametrize("row", ROWS, ids=called)
def test_a_row_has_a_source(row):
    assert unsourced(row) == []


@pytest.mark.parametrize("row", ROWS, ids=called)
def test_a_row_is_held_by_a_test_that_exists(row):
    assert row.tests
    assert [test for test in row.tests if missing(test)] == []


def test_no_table_has_two_rows_for_one_subject():
    named = [called(row) for row in ROWS]

    assert sorted(named) == sorted(set(named))


@pytest.mark.parametrize("row", [row for row in ROWS if row.table == "Permissions"], ids=called)
def test_permissions_are_actions_of_iam(row):
    cells = {event: row.cells[event] for event in EVENTS}

    assert [
        (event, word)
        for event, cell in cells.items()
        if cell != NOTHING
        for word in cell.split(" ")
        if not ACTION.fullmatch(word)
    ] == []


PAGE = """\
## Permissions
| subject | create | source | test |
|---|---|---|---|
| `aws:a/b:B` | `ec2:Run` | {source} | {test} |
"""


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("T `internal/service/ec2/tags.go`", True),
        ("T `internal/a.go` · B `pkg/b.go`", True),
        ("https://docs.aws.amazon.com/vpc/latest/userguide/a.html", True),
        ("", False),
        (NOTHING, False),
        ("X `internal/a.go`", False),
        ("T `internal/a.go` · seen", False),
        ("https://example.com/a.html", False),
    ],
)
def test_a_source_is_a_file_of_a_repository_or_a_page_of_aws(source, is_one):
    (row,) = rows(PAGE.format(source=source, test="`a.py::test_a`"))

    assert (unsourced(row) == []) is is_one


@pytest.mark.parametrize(
    ("test", "exists"),
    [
        ("aws/test_reading.py::test_every_type_served_has_a_sample", True),
        ("aws/test_reading.py::test_of_another_name", False),
        ("aws/test_reading.py::sample", False),
        ("aws/test_none.py::test_every_type_served_has_a_sample", False),
    ],
)
def test_a_test_exists_where_pytest_collects_it(test, exists):
    (row,) = rows(PAGE.format(source="", test=f"`{test}`"))

    assert missing(row.tests[0]) is not exists


def test_a_row_that_lacks_a_cell_is_refused():
    with pytest.raises(ValueError, match="has 3 cells, and the table 4 columns"):
        rows(PAGE.replace(" | {test}", ""))
