import io
import json

import pytest
from rich.console import Console

from lab.probe import Check, Matrix, Result
from lab.probe.table import MatrixTable, cell

NAMES = ("node-1", "web", "db")


def pair(source, target, tcp=None, udp=None, mtu=None):
    reasons = {Check.TCP: tcp, Check.UDP: udp, Check.MTU: mtu}
    return [Result(source, target, check, reason) for check, reason in reasons.items()]


def matrix(*results):
    return Matrix(NAMES, tuple(results), 1.2345)


ONE_RED = matrix(
    *pair("web", "db", tcp="refused"),
    *pair("db", "web"),
    *pair("web", "node-1"),
    Result("web/a", "web/b", Check.LOCALHOST, None),
    Result("web/b", "web/a", Check.LOCALHOST, "no answer in 1.0 s"),
    Result("web", "internet", Check.INTERNET, None),
    Result("db", "metadata", Check.METADATA, "reached the metadata service"),
)


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


def test_a_pair_passes_when_all_its_checks_do():
    assert (ONE_RED.pairs, ONE_RED.passed) == (3, 2)


def test_the_json_names_each_failure_by_from_to_check_and_reason():
    said = json.loads(json.dumps(ONE_RED.to_json()))

    assert said == {
        "pairs": 3,
        "passed": 2,
        "checks": 13,
        "seconds": 1.234,
        "endpoints": ["node-1", "web", "db"],
        "failed": [
            {"from": "web", "to": "db", "check": "tcp", "reason": "refused"},
            {"from": "web/b", "to": "web/a", "check": "localhost", "reason": "no answer in 1.0 s"},
            {
                "from": "db",
                "to": "metadata",
                "check": "metadata",
                "reason": "reached the metadata service",
            },
        ],
    }


def test_a_failure_beside_the_pairs_is_a_failure_too():
    shown = matrix(*pair("web", "db"), Result("db", "metadata", Check.METADATA, "refused"))

    assert (shown.pairs, shown.passed, len(shown.failed)) == (1, 1, 1)


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
    text = drawn(ONE_RED)

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
    wide, narrow = drawn(ONE_RED), drawn(ONE_RED, width=40)

    assert wide.count("from") == 1
    assert narrow.count("from") > 1
    assert max(map(len, narrow.splitlines()[:-2])) <= 40
    for word in ("node-1", "web", "db", "internet", "metadata", "refused", "reached"):
        assert word in narrow


@pytest.mark.parametrize("width", [30, 60, 90, 160])
def test_no_word_of_a_reason_is_cut(width):
    text = drawn(ONE_RED, width=width)

    for word in ("tcp:", "refused", "answer", "1.0", "reached", "metadata", "service"):
        assert word in text


def test_what_was_asked_beside_the_pairs_has_columns_of_its_own():
    more = [
        Result("web", "service", Check.SERVICE, None),
        Result("db", "service", Check.SERVICE, "never answered by web"),
    ]
    shown = matrix(*pair("web", "db"), *pair("db", "web")).and_also(more, 0.5)
    text = drawn(shown)

    assert rows(text)["web"][-1] == "ok"
    assert rows(text)["from"][-1] == "service"
    assert "never answered by" in text
    assert "2 pairs: 2 passed, 0 failed; 1 other checks failed (8 checks in 1.7 s)" in text
    assert [each.target for each in shown.failed] == ["service"]
