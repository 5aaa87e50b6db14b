"""The tiers: which of them this machine can run, and a closing word on those it left out."""

import functools
import os
import shutil

import pytest
from xdist.scheduler import LoadScopeScheduling

from podnet.lab.host import preflight as host
from podnet.lab.images.programs import golang
from podnet.lab.images.programs.golang import BuildError
from tests import termination

MODES = "tests/lab/modes/"
"""Its folders share a lab each."""


@functools.cache
def _reason_against(tier: str) -> str | None:
    if tier == "lab":
        return "; ".join(host.problems()) or None
    if tier == "kubernetes":
        return "; ".join(host.problems()) or _reason_against_building()
    if tier == "cli" and shutil.which("pulumi") is None:
        return "no `pulumi` on PATH, and `make test-cli` builds one"
    if tier == "cli" and os.geteuid() != 0:
        return "the lab runs the Pulumi CLI in a network namespace of its own, which takes root"
    return None


def _reason_against_building():
    try:
        golang.find("Kubernetes", needs_c=True)
    except BuildError as error:
        return str(error)
    return None


def pytest_configure(config):
    termination.install(config)


class ByLab(LoadScopeScheduling):
    """Whichever process takes a lab or a file takes all of it, in order."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return file.rpartition("/")[0] if file.startswith(MODES) else file


def pytest_xdist_make_scheduler(config, log):
    # `--dist loadgroup` would do, but that of xdist 3.8 groups nothing under pytest 9.
    return ByLab(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items):
    # What takes longest begins first, so that all processes end together.
    items.sort(key=lambda item: not item.nodeid.startswith(MODES))
    for item in items:
        for tier in ("lab", "cli", "kubernetes"):
            if item.get_closest_marker(tier) and (reason := _reason_against(tier)):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter):
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    for tier in ("lab", "cli", "kubernetes"):
        reason = _reason_against(tier)
        if count := skipped.count(f"Skipped: {reason}"):
            terminalreporter.write_line(
                f"left out: the {count} tests of tier `{tier}`, because {reason}", yellow=True
            )
