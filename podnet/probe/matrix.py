"""The results of a probe: every pair, every check, and the reason for each failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import permutations


class Check(StrEnum):
    """The kinds of check."""

    TCP = "tcp"
    UDP = "udp"
    MTU = "mtu"
    LOCALHOST = "localhost"
    INTERNET = "internet"
    METADATA = "metadata"
    SERVICE = "service"
    NAME = "name"


PAIR_CHECKS = (Check.TCP, Check.UDP, Check.MTU)
INTERNET = "internet"
METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check."""

    source: str
    target: str
    check: Check
    reason: str | None
    """None if it passed."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All results of one probe.

    There is no pair of an endpoint with itself: such packets stay on its own loopback and say
    nothing of the network. The cell of a pod with itself holds the checks between its containers,
    over localhost.
    """

    endpoints: tuple[str, ...]
    results: tuple[Result, ...]
    seconds: float
    missing: Mapping[str, str] = field(default_factory=dict)
    """Endpoints that must exist and do not, by label, with the reason."""

    def with_results(self, results: Sequence[Result], seconds: float) -> Matrix:
        """The matrix with further results, which took this many seconds more."""
        return replace(self, results=(*self.results, *results), seconds=self.seconds + seconds)

    def with_missing(self, missing: Mapping[str, str]) -> Matrix:
        """The matrix with endpoints that must exist and do not, by label, with the reason.

        Every pair of such an endpoint is a failed one.
        """
        endpoints = (*self.endpoints, *missing)
        failed = [
            Result(source, target, check, missing.get(source) or missing[target])
            for source, target in permutations(endpoints, 2)
            if source in missing or target in missing
            for check in PAIR_CHECKS
        ]
        return replace(
            self,
            endpoints=endpoints,
            results=(*self.results, *failed),
            missing={**self.missing, **missing},
        )

    @property
    def others(self) -> tuple[str, ...]:
        """The targets that are not endpoints, in the order in which they were checked."""
        targets = (column for _, column in self.cells())
        return tuple(dict.fromkeys(each for each in targets if each not in self.endpoints))

    @property
    def pairs(self) -> int:
        """The number of ordered pairs of endpoints."""
        return len(self._by_pair())

    @property
    def passed(self) -> int:
        """The number of pairs that passed every check."""
        return sum(
            all(result.reason is None for result in results) for results in self._by_pair().values()
        )

    @property
    def failed(self) -> tuple[Result, ...]:
        """Every failed check, those of the internet, metadata and localhost among them."""
        return tuple(result for result in self.results if result.reason is not None)

    def to_json(self) -> dict[str, object]:
        """The matrix as plain JSON values."""
        return {
            "pairs": self.pairs,
            "passed": self.passed,
            "failed": [
                {
                    "from": result.source,
                    "to": result.target,
                    "check": str(result.check),
                    "reason": result.reason,
                }
                for result in self.failed
            ],
            "checks": len(self.results),
            "endpoints": list(self.endpoints),
            "missing": dict(self.missing),
            "seconds": round(self.seconds, 3),
        }

    def cells(self) -> Mapping[tuple[str, str], Sequence[Result]]:
        """Results by row and column of the table."""
        found: dict[tuple[str, str], list[Result]] = {}
        for result in self.results:
            row, column = result.source, result.target
            if result.check is Check.LOCALHOST:
                row = column = row.rpartition("/")[0]
            found.setdefault((row, column), []).append(result)
        return found

    def _by_pair(self) -> dict[tuple[str, str], list[Result]]:
        found: dict[tuple[str, str], list[Result]] = {}
        for result in self.results:
            if result.check in PAIR_CHECKS:
                found.setdefault((result.source, result.target), []).append(result)
        return found
