"""The calls of the Pulumi CLI, by a double that writes down what it is called with."""

import json
import stat

import pytest

from podnet.acceptance.deployment import PulumiStack, require_pulumi
from podnet.acceptance.names import identity_of, stack_of
from tests.refusals import refused

RUN = "eu-central-1-0a1b2c"
DOUBLE = """#!/bin/sh
printf '%s\\n' "$PWD $*" >>"$CALLS"
case "$*" in
*"stack init"*) printf 'encryptionsalt: v1:abc=:def\\n' >"Pulumi.$STACK.yaml";;
*" up "*) exit "$UP";;
version) echo v3.274.1;;
esac
env | grep ^PULUMI_ >"$CALLS.env"
"""


@pytest.fixture
def stack(tmp_path, monkeypatch):
    tools, project = tmp_path / "tools", tmp_path / "project"
    for folder in (tools, project):
        folder.mkdir()
    program = tools / "pulumi"
    program.write_text(DOUBLE)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("STACK", stack_of(RUN))
    monkeypatch.setenv("UP", "0")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of something else")
    return PulumiStack(project, tmp_path / "work", RUN)


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines()


def test_a_deployment_has_its_settings_state_and_passphrase_beside_the_clone(stack, tmp_path):
    stack.up({"podnet:nodeCount": "3", "podnet:tags": '{"a": "1"}', "podnet:routing": "l2"}, 60)
    stack.up({"podnet:routing": "overlay"}, 60)
    stack.destroy(60)

    name, work = stack_of(RUN), tmp_path / "work"
    file = work / "stack" / f"Pulumi.{name}.yaml"
    always = "--non-interactive --color never"
    which = f"--yes --stack {name} --config-file {file}"
    assert calls(tmp_path) == [
        f"{work}/stack {always} stack init {name}",
        f"{tmp_path}/project {always} up {which}",
        f"{tmp_path}/project {always} up {which}",
        f"{tmp_path}/project {always} destroy {which}",
    ]
    # Settings of the step before are gone, and the salt of the passphrase is not.
    assert json.loads(file.read_text()) == {
        "encryptionsalt": "v1:abc=:def",
        "config": {"podnet:routing": "overlay"},
    }
    assert (tmp_path / "calls.env").read_text().splitlines() != []
    given = dict(line.split("=", 1) for line in (tmp_path / "calls.env").read_text().splitlines())
    assert given["PULUMI_BACKEND_URL"] == f"file://{work}/state?metadata=skip"
    assert given["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(work / "passphrase")
    assert "PULUMI_CONFIG_PASSPHRASE" not in given
    assert stat.S_IMODE((work / "passphrase").stat().st_mode) == 0o600
    assert [*(tmp_path / "project").iterdir()] == []
    assert stack.identity == identity_of(RUN)


def test_settings_have_the_types_that_pulumi_wants(stack, tmp_path):
    stack.up({"podnet:nodeCount": "3", "podnet:tags": '{"a": "1"}', "podnet:routing": "l2"}, 60)

    file = tmp_path / "work" / "stack" / f"Pulumi.{stack_of(RUN)}.yaml"
    assert json.loads(file.read_text())["config"] == {
        "podnet:nodeCount": 3,
        "podnet:tags": {"a": "1"},
        "podnet:routing": "l2",
    }


def test_a_deployment_that_fails_is_an_error(stack, monkeypatch, tmp_path):
    stack.up({}, 60)
    monkeypatch.setenv("UP", "255")
    failing = PulumiStack(tmp_path / "project", tmp_path / "work", RUN)
    with refused("acceptance-command-failed"):
        failing.up({}, 60)


def test_what_was_never_deployed_is_not_destroyed(stack, tmp_path):
    stack.destroy(60)

    assert not (tmp_path / "calls").exists()


def test_versions_are_those_of_the_cli_and_the_provider(stack):
    found = stack.versions()

    assert found["pulumi CLI"] == "v3.274.1"
    assert set(found) == {"pulumi CLI", "pulumi-aws"}


def test_without_the_cli_nothing_begins(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with refused("acceptance-pulumi-missing"):
        require_pulumi()
