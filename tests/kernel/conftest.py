"""One lab in a virtual machine, which all tests here drive, in the order of their files."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT, Home
from podnet.lab.machine import lifecycle
from podnet.lab.machine.kernels.kernel import Kind

NODES = 2
KERNEL = Kind(os.environ.get("KERNEL", Kind.USER_MODE))
"""`make test-kernel KERNEL=debian` takes the other one."""


class Machine:
    """A lab on another kernel, as somebody at this machine's terminal has it."""

    kernel = KERNEL

    def __init__(self, directory):
        self.home = Home.open(directory)

    def podnet(self, *words, code=0):
        """What a command prints on standard output."""
        done = self.run(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def run(self, *words, **options):
        return subprocess.run(
            self.argv(*words), cwd=PROJECT, capture_output=True, text=True, check=False, **options
        )

    def argv(self, *words):
        return [sys.executable, "-m", "podnet.cli", "--lab", str(self.home.directory), *words]

    def inside(self, step, *words):
        """What a step of `tests.kernel.inside` finds out in the machine."""
        argv = [sys.executable, "-m", "tests.kernel.client", str(self.home.directory)]
        done = subprocess.run(
            [*argv, step, *words], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def failed(self):
        """The pairs of the matrix that fail, as from and to."""
        printed = self.run("matrix", "--json").stdout
        return {(each["from"], each["to"]) for each in json.loads(printed)["failed"]}


@pytest.fixture(scope="session")
def kernel():
    return KERNEL


@contextmanager
def deployed(**settings):
    """A lab with these settings, deployed and green; gone afterwards."""
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with tempfile.TemporaryDirectory(prefix="podnet-") as directory:
        found = Machine(Path(directory) / "lab")
        try:
            found.podnet("up", "--kernel", KERNEL, *words)
            yield found
        finally:
            found.podnet("down")
            assert lifecycle.running(found.home) is None


@pytest.fixture(scope="session")
def machine():
    """The lab with two nodes that most tests here share."""
    with deployed(nodeCount=NODES) as found:
        yield found
