"""A program that is bound dies with who started it, and as root with all that it started."""

import os
import select
import signal
import subprocess
import sys

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.host.bound import bound

STARTER = """
import subprocess, sys, time
from podnet.lab.host.bound import bound
subprocess.Popen(bound(*sys.argv[1:]))
time.sleep(300)
"""
ALONE = "echo begun; exec sleep 300"
FAMILY = "sleep 300 & setsid sleep 300 & (trap '' TERM HUP INT; sleep 300) & echo begun; sleep 300"
SECONDS = 30
ROOT = os.geteuid() == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("script", [ALONE, pytest.param(FAMILY, marks=pytest.mark.lab)])
def test_nothing_outlives_a_starter_that_was_killed(how, script):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, "sh", "-c", script], cwd=PROJECT, stdout=subprocess.PIPE
    )
    assert starter.stdout.readline() == b"begun\n"
    starter.send_signal(how)
    starter.wait()

    # Each process that came of the starter holds the other end of the pipe.
    readable, _, _ = select.select([starter.stdout], [], [], SECONDS)
    assert readable
    assert starter.stdout.read() == b""
    starter.stdout.close()


def test_it_is_killed_with_all_it_started():
    process = subprocess.Popen(bound("sh", "-c", FAMILY if ROOT else ALONE), stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.wait()

    readable, _, _ = select.select([process.stdout], [], [], SECONDS)
    assert readable
    assert process.stdout.read() == b""
    process.stdout.close()


def test_its_exit_code_and_output_are_its_own():
    done = subprocess.run(
        bound("sh", "-c", "echo out; echo err >&2; exit 7"), capture_output=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
