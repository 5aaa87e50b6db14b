"""What reads an AWS account, turned to the lab's own endpoint."""

import json

import pytest
from click.testing import CliRunner

from podnet.cli.app import app
from podnet.lab.cloud import lifecycle
from tests.lab.modes.faults import Vpc

pytestmark = pytest.mark.lab


@pytest.fixture
def run(lab, monkeypatch, tmp_path):
    """Run a command as somebody whose account is the lab's."""
    lab.change(routing="vpc-routes")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.stack.endpoint)
    monkeypatch.setenv("AWS_REGION", lab.stack.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "lab")

    def command(*words):
        done = CliRunner().invoke(app, ["--lab", str(lab.home.directory), *map(str, words)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout

    return command


def test_an_account_is_proved_as_the_lab_is(lab, run, tmp_path):
    file = tmp_path / "world.json"
    whole = run("verify", "--json")

    assert whole[0] == 0
    assert run("verify", "--live", "--json", "--save", file) == whole
    assert run("verify", "--live", "--stack", "lab", "--json") == whole
    assert run("verify", "--file", file, "--json") == whole

    with Vpc(lab).check("node-2"):
        lifecycle.wait_until_applied(lab.home)
        broken = run("verify", "--json")
        assert run("verify", "--live", "--json") == broken
        assert broken[0] == 1
        traced = run("trace", "pod-1a", "pod-2a", "--packets", "--json")
    lifecycle.wait_until_applied(lab.home)

    found = json.loads(traced[1])
    assert traced[0] == 1
    assert [way["failure"]["cause"] for way in found["ways"]] == [
        "destination-check",
        "source-check",
    ]
    assert [bool(each["reason"]) for each in found["packets"]] == [True] * 6


def test_paper_and_packets_of_one_pair_stand_side_by_side(lab, run):
    for target, questions in (("pod-3b", 6), ("node-4", 6), ("internet", 1)):
        code, text = run("trace", "pod-1a", target, "--packets", "--json")

        found = json.loads(text)
        assert (code, [each["reason"] for each in found["packets"]]) == (0, [None] * questions)
        assert [way["failure"] for way in found["ways"]] == [None] * len(found["ways"])

    address = next(str(pod.address) for pod in lab.pods if pod.name == "pod-2a")
    code, text = run("trace", "--live", "10.1.1.200", address)
    assert code == 0
    assert "the answer:" in text
