import re

from hypothesis import given
from hypothesis import strategies as st

from podnet.report.names import listed, runs

NAMES = st.lists(
    st.one_of(
        st.integers(0, 30).map(lambda number: f"node-{number}"),
        st.integers(0, 30).map(lambda number: f"pod-{number}a"),
        st.sampled_from(["node-007", "internet", "a to b", "²", "node-", ""]),
    )
)


def expanded(texts):
    for text in texts:
        if match := re.fullmatch(r"(\D*)(\d+)(\D*) to \1(\d+)\3", text):
            head, first, tail, last = match.groups()
            yield from (f"{head}{number}{tail}" for number in range(int(first), int(last) + 1))
        else:
            yield text


@given(NAMES)
def test_runs_name_exactly_what_they_are_given(names):
    assert sorted(expanded(runs(names))) == sorted(set(names))


def test_numbers_in_a_row_are_one():
    assert runs(["node-1", "node-2", "node-3", "node-5", "node-6"]) == [
        "node-1 to node-3",
        "node-5",
        "node-6",
    ]


def test_many_are_counted():
    assert listed(f"node-{number}" for number in range(1, 1251)) == "node-1 to node-1250 (1,250)"
