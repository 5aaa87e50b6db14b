"""Commands that are interrupted as a user would, and keep what they printed."""

import os
import signal
import sys
import threading
import time

import pytest

from podnet.acceptance import processes
from podnet.acceptance.commands import Podnet
from podnet.acceptance.processes import Runner
from tests.refusals import refused

PATIENT = """
import signal, sys, time
def end(*_):
    print("saved", flush=True)
    sys.exit(3)
signal.signal(signal.SIGINT, end)
print("begun", flush=True)
time.sleep(30)
"""
STUBBORN = PATIENT.replace("end)", "signal.SIG_IGN)")


@pytest.fixture
def runner(tmp_path):
    return Runner(folder=tmp_path, environment=os.environ, log=tmp_path / "log")


def test_a_command_that_ends_well_gives_its_output_and_logs_it(runner):
    assert runner.check("sh", "-c", "echo out; echo err >&2", seconds=10) == "out\n"
    assert runner.log.read_text() == "$ sh -c 'echo out; echo err >&2'\nout\nerr\n\n"


def test_a_command_that_fails_is_an_error_with_its_last_words(runner):
    with refused("acceptance-command-failed") as caught:
        runner.check("sh", "-c", "echo no such region >&2; exit 4", seconds=10)
    assert "ended with 4" in str(caught.value)
    assert "no such region" in str(caught.value)


def test_a_command_that_takes_too_long_is_interrupted_and_may_finish(runner):
    began = time.monotonic()
    with refused("acceptance-command-too-long"):
        runner.run(sys.executable, "-c", PATIENT, seconds=2)

    assert time.monotonic() - began < 20
    assert "begun\nsaved\n" in runner.log.read_text()


def test_an_interruption_reaches_the_command_once_and_it_may_finish(runner):
    threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        runner.run(sys.executable, "-c", PATIENT, seconds=60)

    assert "begun\nsaved\n" in runner.log.read_text()


def test_a_command_that_does_not_end_is_killed(runner, monkeypatch):
    monkeypatch.setattr(processes, "GRACE", 0.5)
    began = time.monotonic()
    with pytest.raises(processes.subprocess.TimeoutExpired):
        runner.run(sys.executable, "-c", STUBBORN, seconds=1)

    assert time.monotonic() - began < 20


class Scripted:
    """A runner whose command ends with this output and code."""

    def __init__(self, runner, stdout, code):
        self.log, self.runner = runner.log, runner
        self.script = f"printf '%s' '{stdout}'; echo why >&2; exit {code}"
        self.asked = ()

    def run(self, *argv, seconds):
        self.asked = argv
        return self.runner.run("sh", "-c", self.script, seconds=seconds)


@pytest.mark.parametrize("code", [0, 1])
def test_a_verdict_is_read_whether_it_is_good_or_not(runner, code):
    scripted = Scripted(runner, '{"holds": false}', code)

    assert Podnet(scripted, "a/b/c", "eu-west-1").proof(10) == {"holds": False}
    assert scripted.asked[1:] == (
        *("-m", "podnet.cli", "verify", "--live"),
        *("--stack", "a/b/c", "--region", "eu-west-1", "--json"),
    )


@pytest.mark.parametrize(("stdout", "code"), [("", 1), ("not JSON", 0), ("{}", 2)])
def test_what_is_no_verdict_is_an_error(runner, stdout, code):
    with refused("acceptance-command-failed"):
        Podnet(Scripted(runner, stdout, code), "a/b/c", "eu-west-1").matrix(10)
