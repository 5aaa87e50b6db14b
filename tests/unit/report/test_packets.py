import json

import pytest

from podnet.report.packets import MOST_ROWS, Packets, table
from podnet.report.pairs import Product
from tests.refusals import refused
from tests.unit.report.matrices import document, ends, packets


def failing_pairs(found):
    """Every pair that the list of failures names."""
    return sorted(
        (source, target)
        for failure in found.failures()
        for product in failure.where
        for source in product.sources
        for target in product.targets
        if source != target
    )


@pytest.mark.parametrize("nodes", [3, 20])
@pytest.mark.parametrize("failing", [(), ("pod-2a",), ("pod-2a", "node-2"), None])
def test_every_failing_pair_is_listed_and_no_other(nodes, failing):
    found = packets(nodes, failing if failing is not None else ends(nodes))

    assert failing_pairs(found) == sorted(
        {(result.source, result.target) for result in found.failed}
    )


def test_few_ends_have_a_row_each():
    found = table(packets(3, ("pod-2a",)))

    assert not found.by_kind
    assert [row.name for row in found.rows] == ends(3) == list(found.columns)
    texts = {
        (row.name, column): cell.text
        for row in found.rows
        for column, cell in zip(found.columns, row.cells, strict=True)
    }
    assert {pair for pair, text in texts.items() if text} == {
        pair for pair in texts if "pod-2a" in pair and pair != ("pod-2a", "pod-2a")
    }
    assert texts["pod-1a", "pod-2a"] == "tcp, udp: no answer"


def test_many_ends_have_a_row_for_each_kind():
    found = table(packets(250, ("pod-7a", "pod-7b")))

    assert found.by_kind
    others, lost = found.rows
    assert lost.name == "pod-7a, pod-7b"
    assert [(cell.pairs, cell.failed) for cell in others.cells] == [(748 * 747, 0), (1496, 1496)]
    assert [(cell.pairs, cell.failed) for cell in lost.cells] == [(1496, 1496), (2, 2)]
    assert lost.cells[0].text == "1,496 of 1,496 pairs: tcp, udp: no answer"


def test_too_many_kinds_are_not_drawn():
    # A chain: each pod reaches all but the next, so no two fail alike.
    names = ends(MOST_ROWS)
    failed = [
        {"from": names[index], "to": names[index + 1], "check": "tcp", "reason": "no answer"}
        for index in range(len(names) - 1)
    ]
    found = packets(MOST_ROWS, failed=failed)

    assert table(found).rows is None
    assert len(failing_pairs(found)) == len(names) - 1


def test_a_pods_containers_fail_in_its_own_cell():
    failed = [{"from": "pod-1a/web", "to": "pod-1a/db", "check": "localhost", "reason": "refused"}]
    found = packets(1, failed=failed)

    cell = table(found).rows[0].cells[0]
    assert (cell.failed, cell.text) == (1, "localhost: refused")
    assert found.failures()[0].where == (Product(("pod-1a",), ("pod-1a",)),)


def test_what_is_no_end_is_a_column_where_it_fails():
    failed = [{"from": "pod-1a", "to": "internet", "check": "internet", "reason": "no answer"}]
    found = table(packets(1, failed=failed))

    assert found.columns == (*ends(1), "internet")
    assert [row.cells[-1].failed for row in found.rows] == [1, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        json.dumps(document())[:-40],
        "[]",
        "3",
        '{"holds": true}',
        json.dumps(document(failed=[{"from": "a", "to": "b", "check": "magic", "reason": "x"}])),
        json.dumps(document(failed=[{"from": "a", "to": 7, "check": "tcp", "reason": "x"}])),
        json.dumps(document(endpoints=3)),
        json.dumps(document(endpoints=[["a"]])),
        json.dumps(document(seconds="soon")),
        "[" * 100_000,
    ],
    ids=range(11),
)
def test_another_file_is_refused(text):
    with refused("matrix-file-malformed") as caught:
        Packets.parse(text, "proof.json")

    assert str(caught.value).startswith("proof.json holds no matrix")
