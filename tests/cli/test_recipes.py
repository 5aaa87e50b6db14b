"""The real CLI has every command and option that docs/ci.md names."""

from __future__ import annotations

import subprocess

import pytest

from tests.unit.docs.recipes import calls, options

pytestmark = pytest.mark.cli


@pytest.mark.parametrize("words", calls("pulumi"), ids=" ".join)
def test_pulumi_has_the_command_and_its_options(words):
    shown = subprocess.check_output(["pulumi", words[0], "--help"], text=True)

    assert f"pulumi {words[0]} [" in shown
    assert {option for option in options(words) if f"{option} " not in shown} == set()
