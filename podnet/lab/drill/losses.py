"""The losses that a drill measured, by pair and in total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class PairLosses:
    """The losses from one endpoint to another."""

    source: str
    target: str
    sent: int
    """Datagrams, a hundred a second."""
    lost: int
    """Of them, those that never arrived."""
    outage: float
    """Longest time, in seconds, whose datagrams were all lost."""
    lost_at: tuple[float, ...]
    """When those were sent, in seconds from the beginning; the first few of them."""
    broken: str | None
    """The reason why the connection that the source opened is dead; None if it lives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """The losses of a drill."""

    pairs: tuple[PairLosses, ...]
    seconds: float
    """The time in which datagrams were sent."""

    @property
    def sent(self) -> int:
        """Datagrams of all pairs."""
        return sum(pair.sent for pair in self.pairs)

    @property
    def lost(self) -> int:
        """Datagrams of all pairs that never arrived."""
        return sum(pair.lost for pair in self.pairs)

    @property
    def broken(self) -> tuple[PairLosses, ...]:
        """The pairs whose connection is dead."""
        return tuple(pair for pair in self.pairs if pair.broken is not None)

    @property
    def outage(self) -> float:
        """Longest time, in seconds, in which all datagrams of a pair were lost."""
        return max((pair.outage for pair in self.pairs), default=0.0)

    @property
    def none(self) -> bool:
        """True if every datagram arrived and every connection lives."""
        return not self.lost and not self.broken

    def worst(self, most: int = 5) -> list[str]:
        """The pairs that lost something, a sentence each, those with the greatest losses first."""
        bad = [pair for pair in self.pairs if pair.lost or pair.broken]
        bad.sort(key=lambda pair: (pair.broken is None, -pair.lost))
        return [
            f"{pair.source} to {pair.target}: {pair.lost} of {pair.sent} datagrams lost"
            + "".join(f" at {moment:.2f} s," for moment in pair.lost_at[:1])
            + f" longest outage {pair.outage * 1000:.0f} ms, "
            f"connection {pair.broken or 'alive'}"
            for pair in bad[:most]
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values; `of_json` reads them back."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Losses:
        """The losses from the values of `to_json`."""
        pairs = tuple(
            PairLosses(**{**pair, "lost_at": tuple(pair["lost_at"])}) for pair in values["pairs"]
        )
        return cls(pairs=pairs, seconds=values["seconds"])
