"""A map from IPv4 ranges, searched by the longest prefix."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Prefixes(Generic[Value]):
    """Values by range; the time of a look-up does not grow with the number of ranges."""

    def __init__(self, items: Iterable[tuple[IPv4Network, Value]]) -> None:
        self._by_length: dict[int, dict[int, Value]] = {}
        for network, value in items:
            self._by_length.setdefault(network.prefixlen, {})[int(network[0])] = value
        self._lengths = sorted(self._by_length, reverse=True)
        self._starts = {length: sorted(found) for length, found in self._by_length.items()}

    def containing(self, network: IPv4Network) -> Iterator[tuple[int, Value]]:
        """The prefix length and value of each range with all of these addresses, longest first."""
        first = int(network[0])
        for length in self._lengths:
            if length <= network.prefixlen:
                start = first >> (32 - length) << (32 - length)
                if start in (found := self._by_length[length]):
                    yield length, found[start]

    def longest(self, network: IPv4Network) -> Value | None:
        """The value of the smallest range with all of these addresses."""
        return next((value for _, value in self.containing(network)), None)

    def divide(self, network: IPv4Network) -> bool:
        """Whether a smaller range lies inside this one."""
        first, last = int(network[0]), int(network[-1])
        for length, starts in self._starts.items():
            if length > network.prefixlen:
                place = bisect_left(starts, first)
                if place < len(starts) and starts[place] <= last:
                    return True
        return False
