"""`podnet trace` in a saved world: what it prints, and how it ends."""

import io
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

import podnet.lab.commands  # noqa: F401  # registers the lab
from podnet.cli.app import app
from podnet.cli.trace_table import TraceTable
from podnet.probe import Check, Result
from podnet.world import saved
from tests.refusals import refused
from tests.unit.cli.test_verify import SETTINGS, planned, tagged


@pytest.fixture
def world(tmp_path):
    path = tmp_path / "world.json"
    saved.save(tagged(planned.world(SETTINGS)), path)
    return path


def run(world, *words):
    return CliRunner().invoke(app, ["trace", *words, "--file", str(world)])


def test_hops_and_verdict_of_both_ways(world):
    done = run(world, "10.1.1.7", "10.1.2.9")

    assert (done.exit_code, done.stderr) == (0, "")
    lines = [line.strip() for line in done.output.splitlines()]
    assert lines[0] == "pods of 10.1.1.7 on node-1 to pods of 10.1.2.9 on node-2 (tcp)"
    assert "route table a: routes 10.1.2.0/24 to the interface of node-2" in lines
    assert "the answer:" in lines
    assert lines.count("arrives; 10.1.1.7 is seen as the source; path MTU 8951") == 1
    assert lines.count("arrives; 10.1.2.9 is seen as the source; path MTU 8951") == 1


def test_a_drop_ends_with_one_and_the_way_out(world):
    whole = saved.load(world)
    closed = replace(whole.enis[0], source_dest_check=True)
    saved.save(replace(whole, enis=(closed, *whole.enis[1:])), world)

    done = run(world, "10.1.1.7", "node-2", "--json")

    there, back = json.loads(done.stdout)["ways"]
    assert done.exit_code == 1
    assert there["failure"]["cause"] == "source-check"
    assert back["failure"]["cause"] == "destination-check"
    assert "packets" not in json.loads(done.stdout)


def test_packets_stand_beside_the_paper():
    sent = [
        Result("node-1", "node-2", Check.TCP, None),
        Result("node-2", "node-1", Check.TCP, "no answer"),
    ]
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(TraceTable([], sent))

    assert console.file.getvalue().splitlines() == [
        "packets, tcp: node-1 to node-2: arrived",
        "packets, tcp: node-2 to node-1: no answer",
    ]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["node-1", "node-9"], "end-unknown"),
        (["node-1", "node-1"], "ends-the-same"),
        (["node-1", "node-2", "--packets"], "packets-without-lab"),
        (["node-1", "node-2", "--protocol", "icmp", "--port", "8"], "port-of-icmp"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_cannot_be_followed_is_refused(world, words, rule):
    with refused(rule):
        CliRunner().invoke(app, ["trace", *words, "--file", str(world)], catch_exceptions=False)
