import json
from itertools import product

from podnet.probe import Check, Result
from tests.matrices import NAMES, ONE_FAILED, matrix, pair


def test_a_pair_passes_when_all_its_checks_do():
    assert (ONE_FAILED.pairs, ONE_FAILED.passed) == (3, 2)


def test_the_json_names_each_failure_by_from_to_check_and_reason():
    values = json.loads(json.dumps(ONE_FAILED.to_json()))

    assert values == {
        "pairs": 3,
        "passed": 2,
        "checks": 13,
        "seconds": 1.234,
        "endpoints": ["node-1", "web", "db"],
        "missing": {},
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


def test_every_pair_of_a_missing_endpoint_fails_with_its_reason():
    whole = matrix(*pair("web", "db"), *pair("db", "web"))
    assert not whole.failed

    shown = whole.with_missing({"node-2": "node-2 is stopped", "api": "api does not run"})

    reasons = {(each.source, each.target): each.reason for each in shown.failed}
    assert reasons == {
        **dict.fromkeys(product(NAMES, ["node-2"]), "node-2 is stopped"),
        **dict.fromkeys(product(["node-2"], [*NAMES, "api"]), "node-2 is stopped"),
        **dict.fromkeys(product(NAMES, ["api"]), "api does not run"),
        **dict.fromkeys(product(["api"], [*NAMES, "node-2"]), "api does not run"),
    }
    assert (shown.pairs, shown.passed) == (2 + 14, 2)
    assert shown.endpoints == (*NAMES, "node-2", "api")
    assert shown.to_json()["missing"] == {
        "node-2": "node-2 is stopped",
        "api": "api does not run",
    }


def test_what_is_missing_stays_so_when_results_are_added():
    shown = matrix().with_missing({"api": "gone"}).with_results(pair("web", "db"), 1)

    assert shown.missing == {"api": "gone"}
