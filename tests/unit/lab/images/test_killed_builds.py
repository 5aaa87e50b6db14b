"""A build of programs ends with who started it, however that is killed."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys

import pytest

from podnet.lab.home import PROJECT
from podnet.system.waiting import wait_until

STARTER = """
import sys
from pathlib import Path
from podnet.lab.images.programs import golang
go, folder, target = map(Path, sys.argv[1:])
job = golang.Job(folder=folder, flags=("-trimpath",), needs_c=False)
golang.build(str(go), job, target, lambda note: print(note, flush=True))
"""
# All that has the lock's file open holds the lock.
GO = """#!/bin/sh
exec 9>"$LOCK"
flock 9
%s
echo k8s.io/api/core/v1 >&2
exec sleep 300
"""
COMPILERS = """
sleep 300 &
setsid sleep 300 &
(trap '' TERM HUP INT; sleep 300) &
setsid sh -c 'sleep 300 & wait' &
"""
SECONDS = 30
ALONE = pytest.param("", id="go alone")
FAMILY = pytest.param(COMPILERS, id="with compilers", marks=pytest.mark.lab)
"""Only root can bind what a program starts."""


def is_free(lock):
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.fixture
def begun(tmp_path):
    """Starts a build whose Go never ends, and returns its starter and the lock of its processes."""
    module, target = tmp_path / "module", tmp_path / "target"
    for folder in (module, target):
        folder.mkdir()
    (module / "go.mod").write_text("module example.com/pod\n")
    lock = tmp_path / "lock"
    starters = []

    def begin(compilers):
        go = tmp_path / "go"
        go.write_text(GO % compilers)
        go.chmod(0o755)
        starter = subprocess.Popen(
            [sys.executable, "-c", STARTER, go, module, target],
            cwd=PROJECT,
            env=os.environ | {"LOCK": str(lock)},
            stdout=subprocess.PIPE,
        )
        starters.append(starter)
        assert starter.stdout.readline() == b"1 packages, k8s.io/api/core/v1\n"
        return starter, lock

    yield begin
    for starter in starters:
        starter.kill()
        starter.wait()
        starter.stdout.close()


@pytest.mark.skipif(not shutil.which("flock"), reason="no flock(1) here")
@pytest.mark.parametrize("compilers", [ALONE, FAMILY])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_ends_with_its_starter(begun, how, compilers):
    starter, lock = begun(compilers)
    assert not is_free(lock)
    starter.send_signal(how)
    starter.wait()

    assert wait_until(lambda: is_free(lock), SECONDS)
