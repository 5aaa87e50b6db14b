"""The policy pack in the real CLI's preview.

The Python language host of the Go module proxy is of 3.68, and does not know the field in which the
CLI names the folder of the pack: it would start the program in place of the pack. A wrapper of the
interpreter starts the pack instead. All else is as users have it.
"""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.cli.conftest import IMAGE, ROOT
from tests.cli.shell import Shell

pytestmark = pytest.mark.cli

PREVIEW = "pulumi preview --non-interactive --color never --policy-pack policy"


@pytest.fixture
def shell(project, tmp_path, endpoint, monkeypatch):
    """A user's shell in a clone with the policy pack."""
    pack = project / "policy"
    shutil.copytree(ROOT / "policy", pack, ignore=shutil.ignore_patterns("__pycache__", "venv"))
    wrapper = tmp_path / "python"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'[ -n "$1" ] || {{ shift; set -- -u {pack} "$@"; }}\n'
        f'exec {sys.executable} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", str(wrapper))
    made = Shell(project, tmp_path, endpoint)
    made.run(f"pulumi stack init lab --non-interactive && pulumi config set podnet:imageId {IMAGE}")
    return made


def test_the_program_keeps_the_policies_and_a_changed_one_is_stopped(shell):
    kept = shell.run(PREVIEW)

    assert "podnet@v0.1.0" in kept
    assert "[mandatory]" not in kept

    nodes = shell.clone / "components/nodes.py"
    text = nodes.read_text()
    changed = text.replace("source_dest_check=False", "source_dest_check=True").replace(
        '"http_tokens": "required"', '"http_tokens": "optional"'
    )
    assert changed.count("True") > text.count("True")
    nodes.write_text(changed)
    stopped = shell.try_(PREVIEW)

    assert stopped.returncode != 0
    assert "metadata-for-nodes-alone" in stopped.stdout
    assert "set it to required" in stopped.stdout

    nodes.write_text(text.replace("source_dest_check=False", "source_dest_check=True"))
    stopped = shell.try_(PREVIEW)

    assert stopped.returncode != 0
    assert "source-dest-check" in stopped.stdout
    assert "drops packets of pods; set source_dest_check=False" in stopped.stdout
