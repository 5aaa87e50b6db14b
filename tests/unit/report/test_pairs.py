from hypothesis import given
from hypothesis import strategies as st

from podnet.report.pairs import products

NAMES = [f"node-{number}" for number in range(6)]


def pairs_of(found):
    return sorted(
        (source, target)
        for product in found
        for source in product.sources
        for target in product.targets
        if source != target
    )


@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_products_are_exactly_the_pairs(chosen):
    pairs = [(one, other) for one, other in chosen if one != other]
    found = products((frozenset((one,)), frozenset((other,))) for one, other in pairs)

    assert pairs_of(found) == sorted(pairs)


def test_a_mesh_is_one_product():
    mesh = [
        (frozenset((one,)), frozenset((other,))) for one in NAMES for other in NAMES if one != other
    ]

    assert [str(each) for each in products(mesh)] == ["node-0 to node-5 (6), each to each other"]


def test_classes_stay_together():
    (found,) = products(
        [
            (frozenset(NAMES[:3]), frozenset(NAMES[3:5])),
            (frozenset(NAMES[:3]), frozenset(NAMES[5:])),
        ]
    )

    assert str(found) == "node-0 to node-2 (3) to node-3 to node-5 (3)"
