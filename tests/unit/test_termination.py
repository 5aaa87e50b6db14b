"""SIGTERM to pytest: every fixture takes down what it made, in workers of xdist too."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FILE = """
import os, time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLEANING = float(os.environ["CLEANING"])


def made(name):
    file = HERE / f"{name}-{os.getpid()}.made"
    file.touch()
    yield
    time.sleep(CLEANING)
    file.unlink()


@pytest.fixture(scope="session")
def lab():
    yield from made("lab")


@pytest.fixture(scope="module")
def stack(lab):
    yield from made("stack")


@pytest.fixture
def node(stack):
    yield from made("node")


@pytest.mark.parametrize("number", range(2))
def test_that_takes_long(node, number):
    (HERE / f"{os.getpid()}.running").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        if os.environ["CAUGHT"]:
            pytest.fail("as Click ends a command that is interrupted")
        raise


def test_that_must_not_begin():
    (HERE / "begun").touch()
"""


@pytest.fixture
def started(tmp_path):
    """Start pytest on the file above; a function that waits until its long tests run."""
    (tmp_path / "test_long.py").write_text(FILE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    processes = []

    def start(workers=0, cleaning=0.1, caught=""):
        command = (sys.executable, "-m", "pytest", "-p", "tests.conftest", "-n", str(workers))
        process = subprocess.Popen(
            (*command, tmp_path),
            cwd=PROJECT,
            env={**os.environ, "CLEANING": str(cleaning), "CAUGHT": caught},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        deadline = time.monotonic() + 60
        while len([*tmp_path.glob("*.running")]) < max(workers, 1):
            assert time.monotonic() < deadline, process.communicate()[0]
            time.sleep(0.05)
        assert len([*tmp_path.glob("*.made")]) == 3 * max(workers, 1)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def ended(process):
    """What it printed, once it and all that it started have ended."""
    printed, _ = process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return printed


def test_fixtures_remove_what_they_made(started, tmp_path):
    process = started()

    process.terminate()

    assert "KeyboardInterrupt" in ended(process)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert [*tmp_path.glob("*.made")] == []


def test_the_test_that_catches_the_interruption_is_the_last(started, tmp_path):
    process = started(caught="yes")

    process.terminate()

    assert "ended by SIGTERM" in ended(process)
    assert [*tmp_path.glob("*.made")] == []
    assert not (tmp_path / "begun").exists()


def test_workers_get_the_time_that_their_fixtures_need(started, tmp_path):
    """More than the five seconds after which execnet interrupts them, and no signal cuts it off."""
    process = started(workers=1, cleaning=2.0)

    for _ in range(3):
        os.killpg(process.pid, signal.SIGTERM)
        time.sleep(0.3)

    ended(process)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert [*tmp_path.glob("*.made")] == []
