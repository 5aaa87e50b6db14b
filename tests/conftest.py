"""The tiers: which of them this machine can run, and a closing word on those it left out."""

import functools
import shutil

import pytest

from lab import host
from lab.kubernetes.build import golang
from lab.kubernetes.build.golang import BuildError


@functools.cache
def _reason_against(tier: str) -> str | None:
    if tier == "lab":
        return "; ".join(host.problems()) or None
    if tier == "kubernetes":
        return "; ".join(host.problems()) or _reason_against_building()
    if tier == "cli" and shutil.which("pulumi") is None:
        return "no `pulumi` on PATH; the embedded engine's tests ran in its place"
    return None


def _reason_against_building():
    try:
        golang.find(needs_c=True)
    except BuildError as error:
        return str(error)
    return None


LEFT_OUT = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(config, items):
    left_out = config.stash.setdefault(LEFT_OUT, {})
    for item in items:
        for tier in ("lab", "cli", "kubernetes"):
            if item.get_closest_marker(tier) and (reason := _reason_against(tier)):
                item.add_marker(pytest.mark.skip(reason=reason))
                left_out[tier] = left_out.get(tier, 0) + 1


def pytest_terminal_summary(terminalreporter, config):
    for tier, count in config.stash.get(LEFT_OUT, {}).items():
        terminalreporter.write_line(
            f"left out: the {count} tests of tier `{tier}`, because {_reason_against(tier)}",
            yellow=True,
        )
