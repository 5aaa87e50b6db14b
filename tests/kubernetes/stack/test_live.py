"""`podnet matrix --live` in the lab's cluster, as anybody with its kubeconfig runs it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from podnet.cluster.workload import NAMESPACE
from podnet.lab.home import PROJECT
from podnet.lab.kubernetes.kubectl import read_kubeconfig
from podnet.probe import Check

pytestmark = pytest.mark.kubernetes

SECONDS = 500


@pytest.fixture
def live(stack, tmp_path):
    """Starts the command where the cluster can be reached."""
    file = tmp_path / "kubeconfig"
    file.write_text(read_kubeconfig(stack.ssm, stack.parameters.stack))
    environment = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }

    def start(*words):
        # Fifteen agents on one machine, which tests may share, are slower than by default.
        options = ["--kubeconfig", str(file), "--timeout", "4", "--wait", "300"]
        argv = [sys.executable, "-m", "podnet.cli", "matrix", "--live", *options]
        return subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{stack.home.internet_namespace}", *argv, *words],
            cwd=PROJECT,
            env=environment | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def finished(process, code=0):
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == code, err
    return out


def left(stack):
    """Names of the namespaces of probes that are there."""
    names = [each["metadata"]["name"] for each in stack.get("namespaces")["items"]]
    return [name for name in names if name == NAMESPACE]


def comparable(matrix):
    """Passed checks as JSON gives them, without what only the lab asks: `host` and Services."""
    kinds = {*Check} - {Check.INTERNET, Check.SERVICE, Check.NAME}
    return {
        (each.source, each.target, each.check, each.reason)
        for each in matrix.results
        if each.check in kinds and "host-" not in each.source + each.target
    }


def test_the_live_matrix_equals_the_labs_own(stack, live):
    mine = comparable(stack.probe())
    shown = json.loads(finished(live("--json")))
    endpoints = {source for source, target, check, _ in mine if check is Check.TCP}

    assert (shown["failed"], shown["missing"]) == ([], {})
    assert set(shown["endpoints"]) == endpoints
    assert shown["checks"] == len(mine)
    assert shown["pairs"] == shown["passed"] == 9 * 8
    assert left(stack) == []


def test_a_broken_node_fails_the_same_pairs_in_both(stack, live):
    node = stack.node("node-2")
    rules = "table ip broken { chain c { type filter hook forward priority -400; drop; }; }"
    node.run("nft", "-f", "-", stdin=rules)
    try:
        mine = {each[:3] for each in comparable(stack.probe()) if each[3]}
        shown = json.loads(finished(live("--json"), code=1))
    finally:
        node.run("nft", "delete", "table", "ip", "broken")

    assert {(each["from"], each["to"], each["check"]) for each in shown["failed"]} == mine
    assert {"daemon-2", "web-2"} <= {source for source, _, _ in mine}


def test_a_command_that_is_terminated_removes_what_it_made(stack, live):
    process = live("--image", "podnet.local/none:1")
    stack.until(lambda: left(stack), "the namespace is there")
    process.terminate()

    finished(process, code=128 + signal.SIGTERM)
    assert left(stack) == []


@pytest.mark.long
def test_an_image_that_cannot_be_pulled_is_the_reason_in_every_row(stack, live):
    shown = json.loads(
        finished(live("--image", "podnet.local/none:1", "--wait", "15", "--json"), code=1)
    )

    assert len(shown["missing"]) == 9
    assert all("podnet.local/none:1" in each for each in shown["missing"].values())
    assert left(stack) == []
