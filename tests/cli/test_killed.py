"""The real Pulumi CLI, killed with all that it started: the next deployment finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from moto.core.responses import BaseResponse

from tests.cli.conftest import IMAGE, REGION
from tests.unit.lab.engines.adoption.census import census
from tests.unit.lab.engines.adoption.wire import READING

pytestmark = pytest.mark.cli

DRIVER = """
import sys
from pathlib import Path
from podnet.lab.engines.pulumi.cli import PulumiCli
project, home, endpoint, region, *pairs = sys.argv[1:]
config = dict(pair.split("=") for pair in pairs)
PulumiCli(Path(project), "lab", Path(home), endpoint, region, config=config).up()
"""
SECONDS = 120


class Moment:
    """The change after which the API holds its reply back, until all who wait for it are dead."""

    def __init__(self, monkeypatch) -> None:
        self.seen: list[str] = []
        self.at: tuple[str, int] | None = None
        self.come, self.over = threading.Event(), threading.Event()
        act = BaseResponse.call_action

        def watched(response):
            answer = act(response)
            call = response._get_action()  # noqa: SLF001  # moto has the name of a call nowhere else
            if not call.startswith(READING):
                self.seen.append(call)
                if self.at == (call, self.seen.count(call)):
                    self.come.set()
                    self.over.wait(SECONDS)
            return answer

        monkeypatch.setattr(BaseResponse, "call_action", watched)

    def wait_for(self, call: str, number: int) -> None:
        self.seen.clear()
        self.at = call, number
        self.come.clear()
        self.over.clear()


def descendants(pid: int) -> list[int]:
    """A process and all that it started."""
    children = (
        int(each)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for each in (task / "children").read_text().split()
    )
    return [pid, *(one for child in children for one in descendants(child))]


@pytest.fixture
def moment(monkeypatch):
    return Moment(monkeypatch)


@pytest.fixture
def kill_at(moment, project, tmp_path, endpoint):
    """Deploys in a process of its own, which is killed right after a change was made."""

    def kill(call: str, number: int = 1, **config: str) -> None:
        moment.wait_for(call, number)
        settings = {"nodeCount": "2", "imageId": IMAGE, **config}
        pairs = [f"podnet:{name}={value}" for name, value in settings.items()]
        arguments = [str(project), str(tmp_path / "home"), endpoint, REGION, *pairs]
        process = subprocess.Popen([sys.executable, "-c", DRIVER, *arguments])
        assert moment.come.wait(SECONDS), moment.seen
        for pid in descendants(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        moment.over.set()

    return kill


@pytest.fixture
def finishes(cli, endpoint):
    """Sees that one more deployment makes what an undisturbed one makes, and nothing else."""

    def check(whole, **config: str) -> None:
        cli(**config).up()

        assert census(endpoint) == whole
        assert cli(**config).preview().changes == ()

    return check


@pytest.fixture
def whole(cli, endpoint):
    """What an undisturbed deployment makes; it is destroyed again."""
    cli().up()
    found = census(endpoint)
    cli().destroy()
    return found


def test_first_ups_are_killed_one_after_the_other(kill_at, finishes, whole):
    for call, number in (("CreateVpc", 1), ("CreateSecurityGroup", 1), ("RunInstances", 2)):
        kill_at(call, number)
    finishes(whole)
