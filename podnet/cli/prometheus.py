"""A matrix in Prometheus' text format, for a textfile collector or a push gateway: pure.

The format is that of prometheus/docs, content/docs/instrumenting/exposition_formats.md. Sums stand
for what passed, and single series for what failed alone: a cluster has too many pairs for one each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from podnet.probe.matrix import Matrix

Sample = tuple[Mapping[str, str], float]


def text(matrix: Matrix) -> str:
    """The metrics, each line ended."""
    return "".join(f"{line}\n" for line in _lines(matrix))


def _lines(matrix: Matrix) -> Iterator[str]:
    passed = matrix.passed
    yield from _metric(
        "podnet_matrix_pairs",
        "Ordered pairs of endpoints, by whether every check between them passed.",
        [({"result": "passed"}, passed), ({"result": "failed"}, matrix.pairs - passed)],
    )
    checks = Counter(
        (each.source, str(each.check), "passed" if each.reason is None else "failed")
        for each in matrix.results
    )
    yield from _metric(
        "podnet_matrix_checks",
        "Checks from an endpoint, by kind and result.",
        (
            ({"source": source, "check": check, "result": result}, count)
            for (source, check, result), count in sorted(checks.items())
        ),
    )
    yield from _metric(
        "podnet_matrix_failure",
        "1 for each check that failed, with the reason.",
        (
            (
                {
                    "source": each.source,
                    "target": each.target,
                    "check": str(each.check),
                    "reason": str(each.reason),
                },
                1,
            )
            for each in matrix.failed
        ),
    )
    yield from _metric(
        "podnet_matrix_missing",
        "1 for each endpoint that must exist and does not, with the reason.",
        (({"endpoint": label, "reason": why}, 1) for label, why in matrix.missing.items()),
    )
    yield from _metric(
        "podnet_matrix_duration_seconds", "The time that the probe took.", [({}, matrix.seconds)]
    )


def _metric(name: str, description: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {description}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
