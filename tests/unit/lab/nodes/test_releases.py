"""Which release a node runs, is to run, and refuses."""

import dataclasses
import os
import time
from ipaddress import IPv4Address
from types import SimpleNamespace

import pytest

from podnet.lab.nodes import releases
from podnet.lab.nodes.node import Node

WANTED = "a" * 64


@pytest.fixture
def node(tmp_path):
    (tmp_path / "run/podnet-update").mkdir(parents=True)

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Rooted(Node):
        root = tmp_path

    return Rooted(
        name="node-1",
        instance_id="i-1",
        pid=1,
        address=IPv4Address("192.168.1.11"),
        public_address=None,
        files=WANTED,
    )


def says(node, text, ago=60.0):
    file = node.root / releases.PROBLEM
    file.write_text(text)
    os.utime(file, times=(time.time() - ago,) * 2)


BASE = SimpleNamespace(files="podnet-base")
OLD = SimpleNamespace(files=f"podnet-{'b' * 12}")
RUNS = SimpleNamespace(files=f"podnet-{'a' * 12}")


@pytest.mark.parametrize("state", [BASE, OLD])
@pytest.mark.parametrize(
    "text",
    ["", f"podnet-{'a' * 12} does not run yet", f"podnet-{'b' * 12} is refused: not ready in 60 s"],
    ids=["no word", "trial", "another one refused"],
)
def test_a_release_that_was_assigned_is_waited_for(node, state, text):
    says(node, text)

    assert releases.why_waiting(node, state) == (
        f"it runs {state.files}, and release {'a' * 12} is on its way"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"podnet-{'a' * 12} is refused: not ready in 60 s",
        f"no release: /podnet/dev/files/{'a' * 12} holds {'c' * 64} and not {WANTED}",
        "no release: SSM parameter /podnet/dev/files/1 from ssm.here: no way",
    ],
    ids=["refused", "wrong digest", "no way"],
)
def test_one_that_will_not_come_is_not(node, text):
    says(node, text)

    assert releases.why_waiting(node, OLD) == ""
    assert releases.problem(node) == text


def test_nor_is_the_one_that_runs_or_any_before_there_is_a_tag(node):
    assert releases.why_waiting(node, RUNS) == ""
    assert releases.why_waiting(dataclasses.replace(node, files=""), BASE) == ""


@pytest.mark.parametrize(("ago", "is_waited_for"), [(0.0, True), (20.0, True), (30.0, False)])
def test_an_updater_that_asks_again_is_waited_for(node, ago, is_waited_for):
    says(node, "no release: Temporary failure in name resolution", ago)

    assert bool(releases.why_waiting(node, BASE)) is is_waited_for
    assert releases.problem(node) == "no release: Temporary failure in name resolution"
