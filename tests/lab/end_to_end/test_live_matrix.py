"""`podnet matrix --live=ssm` on the lab's bare nodes, as anybody with an account runs it."""

import json

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.probe import Check
from podnet.system.netns import NAMESPACES

pytestmark = pytest.mark.lab

FOLDER = "run/podnet-matrix"
OWN = {"podnet-matrix-a", "podnet-matrix-b"}


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    lab.stack.save({"podnet:sessionManager": "true"})
    lab.up(nodeCount=3)
    return lab


@pytest.fixture
def live(lab, monkeypatch):
    """Runs the command with the lab's API for the account; returns the verdict and exit code."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.stack.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", lab.ec2.meta.region_name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "anybody")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words):
        done = CliRunner().invoke(app, ["matrix", "--live=ssm", "--json", *words])
        assert isinstance(done.exception, SystemExit | None), done.exception
        return json.loads(done.stdout), done.exit_code

    return run


def own(lab):
    """The matrix of the lab itself: pods of the same names, and the internet, which is left out."""
    matrix = lab.running.probe(lab.nodes, lab.pods)
    return {
        (each.source, each.target, str(each.check), each.reason)
        for each in matrix.results
        if each.check is not Check.INTERNET
    }


def left(lab):
    """What the command has left on nodes."""
    found = []
    for node in lab.nodes:
        names = {file.name for file in (node.root / NAMESPACES.relative_to("/")).iterdir()}
        found += [(node.name, name) for name in names & OWN]
        leases = (node.root / "var/lib/cni/networks").glob("*/*.*.*.*")
        texts = [file.read_text() for file in leases]
        found += [(node.name, text) for text in texts if "podnet-matrix" in text]
        if (node.root / FOLDER).exists():
            found.append((node.name, FOLDER))
    return found


def test_the_live_matrix_equals_the_labs_own(lab, live):
    mine = own(lab)
    shown, code = live()

    assert (code, shown["failed"], shown["missing"]) == (0, [], {})
    assert {*shown["endpoints"]} == {each.name for each in (*lab.nodes, *lab.pods)}
    assert shown["pairs"] == shown["passed"] == 9 * 8
    assert shown["checks"] == len(mine)
    assert {each for *_, each in mine} == {None}
    assert left(lab) == []


def test_a_broken_node_fails_the_same_pairs_in_both(lab, live):
    node = next(each for each in lab.nodes if each.name == "node-2")
    rules = "table ip broken { chain c { type filter hook forward priority -400; drop; }; }"
    node.run("nft", "-f", "-", stdin=rules)
    try:
        mine = {each[:3] for each in own(lab) if each[3]}
        shown, code = live()
    finally:
        node.run("nft", "delete", "table", "ip", "broken")

    assert code == 1
    assert {(each["from"], each["to"], each["check"]) for each in shown["failed"]} == mine
    assert {"pod-2a", "pod-2b"} <= {source for source, _, _ in mine}
    assert left(lab) == []


def test_a_command_that_times_out_is_a_failed_row_and_the_others_count(lab, live):
    node = next(each for each in lab.nodes if each.name == "node-3")
    node.run("sh", "-c", "printf '#!/bin/sh\\nsleep 60\\n' >/usr/local/bin/python3")
    node.run("chmod", "+x", "/usr/local/bin/python3")
    try:
        shown, code = live("--wait", "10")
    finally:
        node.run("rm", "/usr/local/bin/python3")

    reason = "its command timed out after 10 s (Execution Timed Out)"
    assert code == 1
    assert shown["missing"] == dict.fromkeys(("node-3", "pod-3a", "pod-3b"), reason)
    assert (shown["pairs"], shown["passed"]) == (72, 30)
    assert {each["reason"] for each in shown["failed"]} == {reason}


@pytest.mark.long
def test_a_stopped_node_is_a_failed_row_with_its_state(lab, live):
    node = next(each for each in lab.nodes if each.name == "node-3")
    lab.ec2.stop_instances(InstanceIds=[node.instance_id])
    shown, code = live()

    assert code == 1
    assert {*shown["missing"]} == {"node-3", "pod-3a", "pod-3b"}
    assert all(each.startswith("node-3 is stop") for each in shown["missing"].values())
    assert shown["passed"] == 30
