"""One lab in a virtual machine, which all tests here drive, in the order of their files."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT, Home
from podnet.lab.machine import lifecycle

NODES = 2


class Machine:
    """A lab on Debian's kernel, as somebody at this machine's terminal has it."""

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
def machine():
    """The lab with two nodes, deployed; gone when the tests are."""
    with tempfile.TemporaryDirectory(prefix="podnet-") as directory:
        found = Machine(Path(directory) / "lab")
        begun = time.monotonic()
        try:
            found.podnet("up", "--kernel", "debian", "-c", f"nodeCount={NODES}")
            found.seconds = time.monotonic() - begun
            yield found
        finally:
            found.podnet("down")
            assert lifecycle.running(found.home) is None
