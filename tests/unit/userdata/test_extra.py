"""`extraUserData` beside podnet's own user data: after it, whole, and within the limit."""

from __future__ import annotations

import os
import re
import subprocess
from base64 import b64decode, b64encode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings
from podnet.userdata import extra, rendering
from tests.refusals import refused

FILES = [{"path": "/srv/a", "content": "x: \"'\n", "permissions": "0600"}, {"path": "/srv/b"}]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(**given):
    return yaml.safe_load(userdata.render(Settings(extra_user_data=given), "dev"))


OWN = read()


@pytest.mark.parametrize("kubernetes", Kubernetes)
def test_podnets_own_part_comes_first_and_is_the_same(kubernetes):
    extra = {"runcmd": ["false"], "write_files": FILES, "packages": ["jq"], "bootcmd": [["true"]]}
    settings = Settings(kubernetes=kubernetes)
    own = yaml.safe_load(userdata.render(settings, "dev"))

    both = yaml.safe_load(
        userdata.render(Settings(kubernetes=kubernetes, extra_user_data=extra), "dev")
    )

    for key in ("write_files", "runcmd"):
        assert both[key][: len(own[key])] == own[key]
    assert both["write_files"][1:] == FILES
    assert {key: both[key] for key in both.keys() - own.keys()} == {
        "packages": ["jq"],
        "bootcmd": [["true"]],
    }


@given(st.lists(TEXTS), st.dictionaries(TEXTS, TEXTS, max_size=3))
def test_no_character_is_lost(texts, mapping):
    value = [*texts, mapping, 7, True, None, {"a": [1.5]}]

    assert yaml.safe_load(f"key: {extra.yaml(value)}\n") == {"key": value}


def test_another_value_makes_nodes_outdated_and_no_other_release():
    versions = {
        userdata.version(Settings(extra_user_data=given), "dev")
        for given in ({}, {"runcmd": ["a"]}, {"runcmd": ["b"]}, {"write_files": FILES}, {"ntp": {}})
    }

    assert len(versions) == 5
    assert userdata.render(Settings(extra_user_data={}), "dev") == userdata.render(
        Settings(), "dev"
    )
    assert userdata.release.digest(Settings(extra_user_data={"ntp": {}})) == (
        userdata.release.digest(Settings())
    )


def test_what_exceeds_the_limit_is_refused_with_what_it_adds_and_what_is_free():
    own = len(b64decode(userdata.encoded(Settings(), "dev")))
    noise = b64encode(os.urandom(12_000)).decode()

    with refused("extra-user-data-too-large", userdata.ExtraUserDataTooLargeError) as caught:
        userdata.render(Settings(extra_user_data={"runcmd": [f": {noise}"]}), "dev")

    found = re.search(r"adds ([\d,]+) bytes .* and ([\d,]+) of EC2's 16,384 are", str(caught.value))
    assert found
    added, free = (int(number.replace(",", "")) for number in found.groups())
    assert free == rendering.LIMIT - own
    assert 12_000 < added < 13_000


def test_where_podnets_own_part_is_too_large_it_is_not_the_operators_fault(monkeypatch):
    own = len(b64decode(userdata.encoded(Settings(), "dev")))
    monkeypatch.setattr(rendering, "LIMIT", own - 1)

    with refused("user-data-too-large", userdata.UserDataTooLargeError):
        userdata.render(Settings(extra_user_data={"runcmd": ["true"]}), "dev")


@pytest.fixture
def run(tmp_path):
    """Run commands as cloud-init does, in one script; returns its code, output and report."""
    notes = tmp_path / "notes"
    stub = tmp_path / "systemctl"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)

    def script(*commands):
        merged = read(runcmd=[*commands])["runcmd"][len(OWN["runcmd"]) :]
        text = "#!/bin/sh\n" + "".join(f"{command}\n" for command in merged)
        done = subprocess.run(
            ["sh", "-c", text.replace("/run/podnet-notes", str(notes))],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        )
        report = notes / "extraUserData"
        return done.returncode, done.stdout, report.read_text() if report.exists() else ""

    return script


def test_commands_that_succeed_say_nothing(run):
    assert run("cd /", "x=1", "echo $PWD$x", ["echo", "a  $x", "'"]) == (0, "/1\na  $x '\n", "")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("false", 1),
        (["sh", "-c", "exit 3"], 3),
        ("echo a; exit 4", 4),
        ("no-such-command", 127),
        ("if then", 2),
        ("echo 'unfinished", 2),
    ],
    ids=["false", "a list", "exit", "unknown", "no syntax", "unfinished"],
)
def test_a_command_that_fails_is_named_on_the_console_and_in_the_report(run, command, code):
    ended, output, report = run("true", command)

    line = re.fullmatch(r"runcmd 2 of extraUserData, (.*), ended with (\d+)\n", report)
    assert line
    assert int(line[2]) == code
    assert report in output
    assert ended != 0


def test_the_commands_after_one_that_fails_run(run):
    ended, output, report = run("false", "echo second", "no-such", "echo last")

    assert (ended, [line[:8] for line in report.splitlines()]) == (1, ["runcmd 1", "runcmd 3"])
    assert "second\n" in output
    assert output.endswith("last\n")


def test_a_long_command_is_named_by_its_first_words(run):
    _, _, report = run(f"false 'a'  # {'x' * 200}\ntrue; false")

    assert "false 'a'  # xxx" in report
    assert len(report) < 100
