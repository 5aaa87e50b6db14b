"""Two states of one stack for one account: the second is refused before it changes anything."""

from __future__ import annotations

import shutil

import pytest

from podnet.lab.engines.errors import EngineError
from podnet.lab.engines.pulumi.cli import PulumiCli
from tests.cli.conftest import IMAGE, REGION
from tests.cli.shell import Shell
from tests.refusals import refused
from tests.unit.lab.engines.adoption.census import census

pytestmark = pytest.mark.cli

SENTENCE = "has nodes with this stack's tag podnet:stack, and the state of this deployment does not"


@pytest.fixture
def users(project, tmp_path, endpoint):
    """Two who deploy the same clone, each logged in to a backend of files of their own."""
    shutil.copy(project / "stacks/Pulumi.dev.yaml", project / "stacks/Pulumi.mine.yaml")
    found = [Shell(project, tmp_path / name, endpoint) for name in ("one", "another")]
    for each in found:
        each.run("pulumi stack init mine")
        each.run(f"pulumi config set podnet:imageId {IMAGE}; pulumi config set podnet:nodeCount 2")
    return found


def is_refused(shell, command):
    done = shell.try_(f"pulumi --color never {command}")
    assert done.returncode != 0, done.stdout
    assert SENTENCE in " ".join(done.stdout.split()), done.stdout


def test_the_second_state_is_refused_at_preview_and_up(users, endpoint, project, tmp_path):
    one, another = users
    one.run("pulumi up --skip-preview")
    whole = census(endpoint)

    for command in ("preview", "up --yes"):
        is_refused(another, command)
        assert census(endpoint) == whole
    # Without a preview the role is made before that, since it needs no VPC.
    is_refused(another, "up --yes --skip-preview")
    another.run("pulumi destroy --yes --skip-preview")
    assert census(endpoint) == whole
    one.run("pulumi preview --expect-no-changes")

    settings = {"podnet:nodeCount": "2", "podnet:imageId": IMAGE}
    podnet = PulumiCli(project, "mine", tmp_path / "home", endpoint, REGION, None, settings)
    with refused("pulumi-resource-failed", EngineError) as caught:
        podnet.preview()
    assert SENTENCE in str(caught.value)
    with refused("stack-in-another-state", EngineError):
        podnet.up()
    assert census(endpoint) == whole
