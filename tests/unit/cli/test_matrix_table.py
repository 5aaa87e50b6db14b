import io

import pytest
from rich.console import Console

from podnet.cli.matrix_table import MatrixTable, cell
from podnet.probe import Check, Result
from tests.matrices import ONE_FAILED, matrix, pair


def drawn(shown, width=200):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(MatrixTable(shown))
    return console.file.getvalue()


def rows(text):
    """Cells by row name, of a table that fits in one piece and one line a row."""
    lines = [
        [part.strip() for part in line.strip("│┃").replace("┃", "│").split("│")]
        for line in text.splitlines()
        if line[0] in "│┃"
    ]
    return {line[0]: line[1:] for line in lines}


def test_the_table_says_ok_where_all_is_well_and_nothing_of_what_was_not_asked():
    shown = matrix(
        *pair("web", "db"),
        Result("web/a", "web/b", Check.LOCALHOST, None),
        Result("web", "internet", Check.INTERNET, None),
    )

    assert rows(drawn(shown)) == {
        "from": ["node-1", "web", "db", "internet", "metadata"],
        "node-1": ["-", "-", "-", "-", "-"],
        "web": ["-", "ok", "ok", "ok", "-"],
        "db": ["-", "-", "-", "-", "-"],
    }


def test_every_failed_cell_holds_its_reason():
    text = drawn(ONE_FAILED)

    for words in (
        "tcp: refused",
        "b to a: no answer",
        "reached the",
        "metadata service",
        "3 pairs: 2 passed, 1 failed; 2 other checks failed",
    ):
        assert words in text


def test_a_reason_that_all_checks_share_is_said_once():
    assert cell(pair("web", "db", "refused", "refused", "refused")).plain == "refused"


def test_checks_with_the_same_reason_stand_together():
    assert cell(pair("web", "db", tcp="refused", udp="no route", mtu="no route")).plain == (
        "tcp: refused\nudp, mtu: no route"
    )


def test_a_narrow_console_gets_all_columns_in_several_tables():
    wide, narrow = drawn(ONE_FAILED), drawn(ONE_FAILED, width=40)

    assert wide.count("from") == 1
    assert narrow.count("from") > 1
    assert max(map(len, narrow.splitlines()[:-2])) <= 40
    for word in ("node-1", "web", "db", "internet", "metadata", "refused", "reached"):
        assert word in narrow


@pytest.mark.parametrize("width", [30, 60, 90, 160])
def test_no_word_of_a_reason_is_cut(width):
    text = drawn(ONE_FAILED, width=width)

    for word in ("tcp:", "refused", "answer", "1.0", "reached", "metadata", "service"):
        assert word in text


def test_what_was_asked_beside_the_pairs_has_columns_of_its_own():
    more = [
        Result("web", "service", Check.SERVICE, None),
        Result("db", "service", Check.SERVICE, "never answered by web"),
    ]
    shown = matrix(*pair("web", "db"), *pair("db", "web")).with_results(more, 0.5)
    text = drawn(shown)

    assert rows(text)["web"][-1] == "ok"
    assert rows(text)["from"][-1] == "service"
    assert "never answered by" in text
    assert "2 pairs: 2 passed, 0 failed; 1 other checks failed (8 checks in 1.7 s)" in text
    assert [each.target for each in shown.failed] == ["service"]
