"""What the Pulumi CLI starts in a lab stays in it, whatever lies on PATH."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import ProgramError
from podnet.lab.engines.pulumi.cli import PulumiCli
from tests.cli.conftest import REGION
from tests.unit.lab.providers.kubernetes.conftest import kubeconfig

pytestmark = pytest.mark.cli

PROGRAM = f"""
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
aws.ssm.Parameter("kept", type="String", value="one")
k8s.Provider("cluster", kubeconfig={kubeconfig()!r})
"""
DIALLING = """
import errno, socket
try:
    socket.create_connection(("198.51.100.1", 443), timeout=5)
except OSError as error:
    raise SystemExit(f"outside: {errno.errorcode.get(error.errno)}") from error
"""


@pytest.fixture
def written(tmp_path, endpoint):
    """A project with this program, and the CLI that deploys it."""
    directory = tmp_path / "small"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (directory / ".venv").symlink_to(sys.prefix)

    def make(program):
        (directory / "__main__.py").write_text(program)
        nowhere = Path("/run/netns/lab-none")
        return PulumiCli(directory, "dev", tmp_path / "home", endpoint, REGION, namespace=nowhere)

    return make


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Plugins on PATH, each of which notes that it was run."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for package in ("aws", "kubernetes"):
        program = folder / f"pulumi-resource-{package}"
        program.write_text(f"#!/bin/sh\necho {package} >>{folder}/run\nexec sleep 60\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize("run", ["preview", "up"])
def test_plugins_on_path_are_not_run(written, on_path, run):
    made = getattr(written(PROGRAM), run)()

    assert {step.name for step in made.changes} == {"small-dev", "kept", "cluster"}
    assert {path.name for path in on_path.iterdir()} == {
        "pulumi-resource-aws",
        "pulumi-resource-kubernetes",
    }


def test_the_program_cannot_reach_an_outside_address(written):
    with pytest.raises(ProgramError, match="outside: ENETUNREACH"):
        written(DIALLING).preview()
