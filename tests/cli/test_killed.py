"""The real Pulumi CLI, killed with all that it started: the next deployment finishes it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from podnet.lab.engines.pulumi.cli import PulumiCli
from tests.cli.conftest import IMAGE, NEWER_IMAGE, REGION, kill_all
from tests.unit.lab.engines.adoption.census import census

pytestmark = pytest.mark.cli

DRIVER = """
import sys
from pathlib import Path
from podnet.lab.engines.pulumi.cli import PulumiCli
project, home, endpoint, region, *pairs = sys.argv[1:]
config = dict(pair.split("=") for pair in pairs)
PulumiCli(Path(project), "lab", Path(home), endpoint, region, config=config).up()
"""
FIRST, OVERLAY = {}, {"routing": "overlay"}
ROLL = {"imageId": NEWER_IMAGE, "roll": '["node-1"]'}


class Stack:
    """A stack of two nodes, deployed through the proxy."""

    def __init__(self, project, home, held, endpoint) -> None:
        self.project, self.home, self.held, self.endpoint = project, home, held, endpoint

    def settings(self, config: dict[str, str]) -> dict[str, str]:
        own = {"nodeCount": "2", "imageId": IMAGE, **config}
        return {f"podnet:{name}": value for name, value in own.items()}

    def cli(self, config: dict[str, str]) -> PulumiCli:
        endpoint, settings = self.held.endpoint, self.settings(config)
        return PulumiCli(self.project, "lab", self.home, endpoint, REGION, config=settings)

    def up(self, config: dict[str, str]) -> int:
        """Deploy; how many changes it took."""
        self.held.count()
        self.cli(config).up()
        return len(self.held.changes)

    def is_killed(self, config: dict[str, str], call: str, number: int) -> bool:
        """Whether a deployment came as far as this call, after which it was killed."""
        self.held.at(call, number)
        pairs = [f"{name}={value}" for name, value in self.settings(config).items()]
        where = [str(self.project), str(self.home), self.held.endpoint, REGION]
        process = subprocess.Popen([sys.executable, "-c", DRIVER, *where, *pairs])
        while not self.held.come.wait(1):
            if process.poll() is not None:
                return False
        kill_all(process)
        self.held.over.set()
        return True

    def is_finished(self, config: dict[str, str], whole) -> None:
        """One more deployment makes what an undisturbed one makes, and nothing else."""
        self.up(config)

        assert census(self.endpoint) == whole
        assert self.cli(config).preview().changes == ()


@pytest.fixture
def stack(project, tmp_path, held, endpoint):
    return Stack(project, tmp_path / "home", held, endpoint)


@pytest.mark.parametrize("call", ["CreateVpc", "CreateSecurityGroup", "RunInstances"])
def test_a_first_deployment_is_killed_and_finished(stack, call):
    stack.up(FIRST)
    whole = census(stack.endpoint)
    stack.cli(FIRST).destroy()

    assert stack.is_killed(FIRST, call, 1)
    stack.is_finished(FIRST, whole)


def spread(changes: int, moments: int) -> Iterator[int]:
    """So many of the changes, the first and the last among them."""
    for place in range(moments):
        yield 1 + place * (changes - 1) // max(1, moments - 1)


@pytest.mark.long
def test_a_first_deployment_is_killed_at_ten_moments(stack):
    changes = stack.up(FIRST)
    whole = census(stack.endpoint)
    for moment in spread(changes, 10):
        stack.cli(FIRST).destroy()
        assert stack.is_killed(FIRST, "*", moment), moment
        stack.is_finished(FIRST, whole)


@pytest.mark.long
@pytest.mark.parametrize(
    ("config", "back", "moments"),
    [pytest.param(OVERLAY, FIRST, 8, id="overlay"), pytest.param(FIRST, OVERLAY, 8, id="back")],
)
def test_a_switch_is_killed_at_eight_moments(stack, config, back, moments):
    stack.up(back)
    changes = stack.up(config)
    whole = census(stack.endpoint)
    for moment in spread(changes, moments):
        stack.up(back)
        assert stack.is_killed(config, "*", moment), moment
        stack.is_finished(config, whole)


@pytest.mark.long
def test_a_roll_is_killed_at_five_moments(stack):
    stack.up(FIRST)
    changes = stack.up(ROLL)
    whole = census(stack.endpoint)
    for moment in spread(changes, 5):
        # An image of before makes the node outdated again.
        stack.up({**ROLL, "imageId": IMAGE})
        assert stack.is_killed(ROLL, "*", moment), moment
        stack.is_finished(ROLL, whole)
