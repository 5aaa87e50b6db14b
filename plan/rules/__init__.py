"""Every rule that the settings of a stack must keep, a room for each thing they are about."""

from __future__ import annotations

from collections.abc import Iterator

from plan.rules import clusters, flannel, modes, ranges
from plan.rules.problem import Problem
from plan.values import Values


def problems(values: Values) -> Iterator[Problem]:
    """Every rule that these values break."""
    for room in (ranges, modes, clusters, flannel):
        yield from room.problems(values)
