"""The options of `podnet matrix`, and how it prints and ends."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from podnet.cli.app import app
from podnet.cluster import api, run
from podnet.lab.commands import matrix as command
from podnet.lab.home import PROJECT
from tests.matrices import ONE_FAILED, matrix, pair
from tests.refusals import refused


@pytest.fixture
def invoke(monkeypatch):
    """Runs the command for a cluster with this verdict; returns what ended it."""
    asked = []

    def invoked(verdict, *words):
        def probed(connected, wanted, _note, _warn):
            asked.append((connected, wanted))
            return verdict

        monkeypatch.setattr(api, "connect", lambda *given: given)
        monkeypatch.setattr(run, "probe_cluster", probed)
        done = CliRunner().invoke(app, ["matrix", "--live", *words])
        return done, asked[-1]

    return invoked


def test_the_verdict_is_printed_in_the_form_that_is_asked_for(invoke):
    table, _ = invoke(ONE_FAILED)
    text, _ = invoke(ONE_FAILED, "--format", "json")
    short, _ = invoke(ONE_FAILED, "--json")
    metrics, _ = invoke(ONE_FAILED, "--format", "prometheus")

    assert "3 pairs: 2 passed, 1 failed" in table.stdout
    assert json.loads(text.stdout) == json.loads(short.stdout) == ONE_FAILED.to_json()
    assert len(list(text_string_to_metric_families(metrics.stdout))) == 5
    assert {each.exit_code for each in (table, text, short, metrics)} == {1}


def test_a_missing_row_ends_the_command_with_1_and_a_passed_matrix_with_0(invoke):
    passed = matrix(*pair("web", "db"))

    assert invoke(passed)[0].exit_code == 0
    assert invoke(passed.with_missing({"pod-4a": "gone"}))[0].exit_code == 1


def test_options_reach_the_probe(invoke, tmp_path):
    words = ("--context", "it", "--image", "mine:1", "--expect", "4", "--timeout", "3")
    _, (connected, wanted) = invoke(ONE_FAILED, "--kubeconfig", str(tmp_path), *words)

    assert connected == (tmp_path, "it")
    assert wanted == run.Probe(image="mine:1", wait=120, timeout=3, expect=4)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--kubeconfig", "x"), "option-without-live"),
        (("--expect", "3"), "option-without-live"),
        (("--live", "--stack", "lab"), "stack-with-live"),
        (("--live", "--region", "eu-central-1"), "option-without-live"),
        (("--live=ssm", "--context", "it"), "option-without-live"),
    ],
    ids=" ".join,
)
def test_options_for_the_other_kind_of_matrix_are_refused(words, rule):
    with refused(rule):
        command.commands.commands["matrix"].main([*words], standalone_mode=False)


def test_without_the_client_the_extra_is_named_and_nothing_of_the_lab_is_loaded():
    program = """
import sys
for name in ("kubernetes", "moto", "pyroute2", "pydantic", "cryptography", "yaml", "werkzeug"):
    sys.modules[name] = None
from podnet.cli.app import main
sys.argv = ["podnet", "matrix", "--live"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "install podnet[live]" in done.stderr
