"""Commands that are interrupted, and `down` while a deployment runs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT, Home
from podnet.system.waiting import wait_until

pytestmark = pytest.mark.lab

UP = ("up", "--engine", "embedded", "-c", "nodeCount=1")
SECONDS = 120


@pytest.fixture(scope="module")
def podnet():
    """Starts commands for one lab; each is the leader of a group, as in a terminal."""
    directory = Path(tempfile.mkdtemp(prefix="podnet-"))

    def start(*words):
        return subprocess.Popen(
            [sys.executable, "-m", "podnet.cli", "--lab", str(directory), *words],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    start.home = Home.open(directory)
    yield start
    start("down").communicate(timeout=SECONDS)
    shutil.rmtree(directory, ignore_errors=True)


def ended(process):
    _, error = process.communicate(timeout=SECONDS)
    assert "Traceback" not in error, error
    return process.returncode, error


def deploying(podnet):
    """A deployment that has begun to change the cloud."""
    up = podnet(*UP)
    state = podnet.home.state("lab")
    before = state.stat().st_mtime_ns if state.exists() else 0
    assert wait_until(lambda: state.exists() and state.stat().st_mtime_ns != before, SECONDS)
    return up


def test_an_interrupted_deployment_says_so_and_the_next_one_goes_on_from_there(podnet):
    up = deploying(podnet)
    os.killpg(up.pid, signal.SIGINT)
    interrupted = ended(up)
    again = ended(podnet(*UP))

    assert interrupted[0] == 130
    assert "run the same command again to go on from here" in interrupted[1]
    assert again[0] == 0, again[1]
    assert "unchanged" in again[1]


def test_down_leaves_a_lab_alone_in_which_a_deployment_runs(podnet):
    # Another node must boot, which takes longer than `down` waits for a deployment.
    up = podnet(*UP[:-1], "nodeCount=2")
    lock = podnet.home.deployment_lock
    assert wait_until(lambda: lock.read_text() == str(up.pid), SECONDS)
    refused = ended(podnet("down"))
    deployed = ended(up)
    down = ended(podnet("down"))

    assert refused[0] == 1
    assert f"process {up.pid} has been deploying" in refused[1]
    assert deployed[0] == 0, deployed[1]
    assert down[0] == 0, down[1]
    assert not podnet.home.directory.exists()
