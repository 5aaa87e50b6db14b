"""The steps of docs/operating.md by which `pulumi up` goes on after a kill, taken word by word."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from podnet.lab.home import PROJECT
from tests.cli.conftest import IMAGE, kill_all
from tests.cli.shell import Shell
from tests.unit.lab.engines.adoption.census import census

pytestmark = pytest.mark.cli

PAGE = PROJECT / "docs/operating.md"
SECTION = "## Finish a killed deployment\n"
INSTANCE = "aws:ec2/instance:Instance"


def steps() -> list[str]:
    """The blocks of commands of the section, in order."""
    section = PAGE.read_text().partition(SECTION)[2].partition("\n## ")[0]
    # A block is what stands four columns deeper than its list item, between empty lines.
    blocks = re.findall(r"(?:^ {7,}\S.*\n)+", section, re.MULTILINE)
    return ["".join(line[7:] for line in block.splitlines(keepends=True)) for block in blocks]


CANCEL, LIST, TERMINATE, ADOPT, IMPORT, GO_ON = steps()


@pytest.fixture
def shell(project, tmp_path, held):
    shell = Shell(project, tmp_path / "user", held.endpoint)
    shutil.copy(project / "stacks/Pulumi.dev.yaml", project / "stacks/Pulumi.mine.yaml")
    shell.run("pulumi stack init mine")
    shell.run(f"pulumi config set podnet:imageId {IMAGE}; pulumi config set podnet:nodeCount 2")
    return shell


def recorded(output: str) -> list[dict]:
    """The JSON values that `jq` printed, one after the other."""
    text, found, decoder = output[output.index("{") :], [], json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.strip())
        found.append(value)
        text = text.strip()[end:]
    return found


def type_of(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


@pytest.fixture
def whole(shell, endpoint):
    """What an undisturbed deployment makes; it is destroyed again."""
    shell.run("pulumi up --skip-preview")
    found = census(endpoint)
    shell.run("pulumi destroy --skip-preview")
    return found


@pytest.fixture
def killed(shell, held):
    """Kill `pulumi up` and all it started behind a change; what the state says was under way."""

    def kill(call: str) -> list[dict]:
        held.at(call)
        process = shell.start("pulumi", "up", "--yes", "--skip-preview")
        assert held.come.wait(300), held.changes
        kill_all(process)
        held.over.set()
        shell.run(CANCEL)
        return recorded(shell.run(LIST))

    return kill


def is_finished(shell, endpoint, whole):
    shell.run(GO_ON)

    shell.run("pulumi preview --expect-no-changes")
    assert census(endpoint) == whole


def test_instances_that_nobody_knows_are_terminated_and_made_again(shell, endpoint, whole, killed):
    pending = [each for each in killed("RunInstances") if type_of(each["urn"]) == INSTANCE]
    look, end = TERMINATE.split("aws ec2 terminate", 1)
    ended = 0
    for each in pending:
        found = shell.run(look, ADDRESS=each["inputs"]["privateIp"]).split()
        for id_ in found:
            shell.run(f"aws ec2 terminate{end}", ID=id_)
            ended += 1

    assert ended >= 1
    is_finished(shell, endpoint, whole)
