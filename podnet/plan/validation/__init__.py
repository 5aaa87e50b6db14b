"""Rules that the settings of a stack must keep; one module per subject."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.problem import Problem
from podnet.plan.settings import Settings
from podnet.plan.validation import (
    access,
    clusters,
    external,
    flannel,
    modes,
    network_policy,
    ranges,
)


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule that these settings break."""
    for subject in (ranges, access, modes, clusters, flannel, network_policy, external):
        yield from subject.problems(settings)
