"""A state of which a file was cut off, mended by the section of docs/operating.md word by word."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT
from tests.cli.shell import run_in

pytestmark = pytest.mark.cli

PAGE = PROJECT / "docs/operating.md"
SECTION = "## Mend a state that was cut off\n"
PROGRAM = """
import pulumi


class Kept(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("podnet:test:Kept", name)
        self.register_outputs({})


for name in ("first", "second"):
    Kept(name)
"""


def blocks() -> list[str]:
    """The blocks of commands of the section, in order."""
    section = PAGE.read_text().partition(SECTION)[2].partition("\n## ")[0]
    found = re.findall(r"(?:^ {4}\S.*\n|^ {8,}\S.*\n)+", section, re.MULTILINE)
    return ["".join(line[4:] for line in block.splitlines(keepends=True)) for block in found]


DELETE, PUT_BACK = blocks()


class Stack:
    """A stack `dev` of the project `podnet`, in a backend of files."""

    def __init__(self, folder: Path, query: str = "") -> None:
        self.project, self.backend = folder / "project", folder / "backend"
        self.environment = {
            **os.environ,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_BACKEND_URL": f"file://{self.backend}{query}",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_STACK": "dev",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.state = self.backend / ".pulumi/stacks/podnet/dev.json"

    def deploy(self) -> None:
        self.project.mkdir()
        self.backend.mkdir()
        (self.project / "Pulumi.yaml").write_text("name: podnet\nruntime: python\n")
        (self.project / "__main__.py").write_text(PROGRAM)
        (self.project / ".venv").symlink_to(sys.prefix)
        for command in ("stack init dev", "up --yes --skip-preview"):
            done = self.pulumi(*command.split())
            assert done.returncode == 0, done.stdout

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess:
        return self._run("pulumi", "--non-interactive", *arguments)

    def follow(self, commands: str) -> None:
        """Do what a block says, with the page's words in capitals replaced."""
        for word, value in {"FOLDER": str(self.backend), "STACK": "dev"}.items():
            commands = re.sub(rf"\b{word}\b", value, commands)
        done = self._run("sh", "-e", "-c", commands)
        assert done.returncode == 0, done.stdout

    def refuses(self, command: str, reason: str) -> bool:
        done = self.pulumi(*command.split())
        return done.returncode != 0 and reason in done.stdout

    def is_whole(self) -> bool:
        """Whether the next deployment finds nothing to do."""
        done = self.pulumi("preview", "--expect-no-changes")
        return done.returncode == 0 and "3 unchanged" in done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess:
        return run_in(self.project, self.environment, *command)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """The folder of a deployed stack, of which each test has a copy."""
    folder = tmp_path_factory.mktemp("deployed")
    Stack(folder).deploy()
    return folder


@pytest.fixture
def stack(deployed, tmp_path):
    shutil.copytree(deployed, tmp_path / "copy", symlinks=True)
    return Stack(tmp_path / "copy")


@pytest.mark.parametrize("command", ["cancel --yes", "stack export", "up --yes"])
def test_an_empty_file_of_attributes_is_deleted(stack, command):
    """As a kill between the file's creation and its content leaves it."""
    whole = stack.state.read_bytes()
    stack.state.with_name("dev.json.attrs").write_bytes(b"")

    assert stack.refuses(command, "failed to load checkpoint: EOF")
    stack.follow(DELETE)
    assert stack.state.read_bytes() == whole
    assert stack.is_whole()


@pytest.mark.parametrize("size", [0, 300], ids=["empty", "a part"])
@pytest.mark.parametrize("with_copy", [False, True], ids=["state", "state and copy"])
def test_a_state_that_was_cut_off_is_put_back(stack, size, with_copy):
    """As a file system may leave it that loses power between a rename and the content."""
    files = [stack.state]
    if with_copy:
        files.append(stack.state.with_name("dev.json.bak"))
    for file in files:
        os.truncate(file, size)

    assert stack.refuses("preview", "failed to load checkpoint")
    stack.follow(PUT_BACK)
    assert json.loads(stack.state.read_text())["checkpoint"]["stack"] == "organization/podnet/dev"
    assert stack.is_whole()


def test_the_copy_before_the_last_write_is_taken_after_a_kill(stack):
    """No deployment has ended since: those of deployments were made before it."""
    copy = stack.state.with_name("dev.json.bak")
    shutil.copy(stack.state, copy)
    marked = json.loads(copy.read_text())
    marked["checkpoint"]["latest"]["manifest"]["version"] = "newest"
    copy.write_text(json.dumps(marked))
    os.truncate(stack.state, 100)
    stack.follow(PUT_BACK)

    assert stack.state.read_bytes() == copy.read_bytes()


def test_a_login_that_skips_attributes_has_no_file_that_is_written_in_place(tmp_path):
    stack = Stack(tmp_path, "?metadata=skip")
    stack.deploy()

    assert stack.is_whole()
    assert not [*stack.backend.rglob("*.attrs")]
