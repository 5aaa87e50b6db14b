"""A matrix in Prometheus' text format, read by Prometheus' own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from podnet.cli import prometheus
from podnet.probe import Check, Result
from tests.matrices import ONE_FAILED, matrix, pair


def samples(shown):
    """Values by metric and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(prometheus.text(shown))
        for sample in family.samples
    }


def key(name, **labels):
    return f"podnet_matrix_{name}", frozenset(labels.items())


def test_sums_stand_for_what_passed_and_series_for_what_failed():
    assert samples(ONE_FAILED) == {
        key("pairs", result="passed"): 2,
        key("pairs", result="failed"): 1,
        key("checks", source="web", check="tcp", result="passed"): 1,
        key("checks", source="web", check="tcp", result="failed"): 1,
        key("checks", source="web", check="udp", result="passed"): 2,
        key("checks", source="web", check="mtu", result="passed"): 2,
        key("checks", source="db", check="tcp", result="passed"): 1,
        key("checks", source="db", check="udp", result="passed"): 1,
        key("checks", source="db", check="mtu", result="passed"): 1,
        key("checks", source="web/a", check="localhost", result="passed"): 1,
        key("checks", source="web/b", check="localhost", result="failed"): 1,
        key("checks", source="web", check="internet", result="passed"): 1,
        key("checks", source="db", check="metadata", result="failed"): 1,
        key("failure", source="web", target="db", check="tcp", reason="refused"): 1,
        key(
            "failure",
            source="web/b",
            target="web/a",
            check="localhost",
            reason="no answer in 1.0 s",
        ): 1,
        key(
            "failure",
            source="db",
            target="metadata",
            check="metadata",
            reason="reached the metadata service",
        ): 1,
        key("duration_seconds"): 1.2345,
    }


def test_an_endpoint_that_is_missing_has_a_series():
    found = samples(matrix(*pair("web", "db")).with_missing({"pod-4a": "node-4 is stopped"}))

    assert found[key("missing", endpoint="pod-4a", reason="node-4 is stopped")] == 1
    assert found[key("pairs", result="failed")] == 6


@pytest.mark.parametrize(
    "reason",
    ['"quoted"', "back\\slash", "two\nlines", "a\\n that is none", "ends in \\", "{},= ä"],
)
def test_a_reason_is_read_as_it_was_whatever_is_in_it(reason):
    found = samples(matrix(Result("web", "db", Check.TCP, reason)))

    assert found[key("failure", source="web", target="db", check="tcp", reason=reason)] == 1


def test_every_metric_has_its_help_and_type_and_the_text_ends_with_a_line():
    text = prometheus.text(ONE_FAILED)
    families = list(text_string_to_metric_families(text))

    assert all(each.documentation and each.type == "gauge" for each in families)
    assert len(families) == 5
    assert text.endswith("\n")
