"""The verdict of a probe: every pair, every check, and why what failed did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What is asked."""

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
    """One check that was made."""

    source: str
    target: str
    check: Check
    reason: str | None
    """None if it passed."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All results of one probe.

    There is no pair of an endpoint with itself: such packets stay on its own loopback and say
    nothing of the network. A pod's own cell tells of its containers instead, over localhost.
    """

    endpoints: tuple[str, ...]
    results: tuple[Result, ...]
    seconds: float

    def and_also(self, results: Sequence[Result], seconds: float) -> Matrix:
        """The verdict with what was asked beside it."""
        return Matrix(self.endpoints, (*self.results, *results), self.seconds + seconds)

    @property
    def others(self) -> tuple[str, ...]:
        """What was asked for beside the endpoints, in that order."""
        targets = (column for _, column in self.cells())
        return tuple(dict.fromkeys(each for each in targets if each not in self.endpoints))

    @property
    def pairs(self) -> int:
        """How many ordered pairs of endpoints were asked."""
        return len(self._by_pair())

    @property
    def passed(self) -> int:
        """How many of the pairs passed every check."""
        return sum(
            all(result.reason is None for result in results) for results in self._by_pair().values()
        )

    @property
    def failed(self) -> tuple[Result, ...]:
        """Every failed check, those of the internet, metadata and localhost among them."""
        return tuple(result for result in self.results if result.reason is not None)

    def to_json(self) -> dict[str, object]:
        """The verdict as plain JSON values."""
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
