"""Settings that a deployment is given hold for the next command too."""

from __future__ import annotations

import errno
import os

import pytest
from click.testing import CliRunner

from podnet.cli.app import Invocation, app
from podnet.errors import UserError
from podnet.lab.commands import deploy, options, switch
from podnet.lab.engines.report import Summary
from podnet.lab.home import Home
from podnet.lab.host import preflight
from podnet.lab.operations import deployment
from podnet.lab.stack import overrides
from tests.refusals import refused


@pytest.fixture
def podnet(tmp_path, monkeypatch):
    """Runs commands whose deployments note the settings they are for, and do nothing."""
    Home.open(tmp_path)
    monkeypatch.setattr(preflight, "problems", list)
    monkeypatch.setattr(Invocation, "lab", tmp_path)
    for name in ("start_cloud", "require_cloud"):
        monkeypatch.setattr(deploy, name, lambda _: "http://127.0.0.1:1")
    monkeypatch.setattr(options, "running_cloud", lambda _: "http://127.0.0.1:1")
    monkeypatch.setattr(deploy.fault_injection, "treat", lambda *_: "")
    monkeypatch.setattr(switch, "_assigned", lambda _: [])
    deployed = []

    def note(stack, once=None, **_):
        settings = stack.settings(once)
        deployed.append((settings.node_count, str(settings.routing)))
        return Summary((), {}, {}, 0.0)

    monkeypatch.setattr(deployment, "up", note)
    monkeypatch.setattr(deployment, "preview", note)
    for module in (deploy, switch):
        monkeypatch.setattr(module, "verify", lambda *_, **__: None)
        monkeypatch.setattr(module, "show_verification", lambda _: None)

    def run(*arguments):
        deployed.clear()
        engine = () if "--engine" in arguments else ("--engine", "embedded")
        result = CliRunner().invoke(app, ["--lab", str(tmp_path), *arguments, *engine])
        if result.exception:
            raise result.exception
        return deployed[-1], result.stderr

    return run


def test_a_switch_keeps_the_nodes_of_the_last_up(podnet):
    up, _ = podnet("up", "-c", "nodeCount=4")
    switched, said = podnet("switch", "overlay")

    assert (up, switched) == ((4, "vpc-routes"), (4, "overlay"))
    assert said.splitlines()[0] == "overrides of this lab: podnet:nodeCount=4"
    assert podnet("up") == (
        (4, "overlay"),
        "overrides of this lab: podnet:nodeCount=4, podnet:routing=overlay\n",
    )


def test_the_value_of_the_stacks_file_ends_an_override(podnet):
    podnet("up", "-c", "nodeCount=4")

    assert podnet("up", "-c", "nodeCount=3") == ((3, "vpc-routes"), "")


@pytest.mark.parametrize("rule", ["state-unwritable", "lock-unwritable", "resource-failed"])
def test_a_switch_that_fails_keeps_the_mode_before_it(podnet, tmp_path, monkeypatch, rule):
    podnet("up")
    podnet("switch", "host-gw")

    def fail(*_, **__):
        raise UserError("the disk is full", rule=rule)

    with monkeypatch.context() as patch, refused(rule):
        patch.setattr(deployment, "up", fail)
        podnet("switch", "overlay")

    assert overrides.load(Home.open(tmp_path), "lab") == {"podnet:routing": "host-gw"}
    assert podnet("up")[0] == (3, "host-gw")


def test_a_switch_that_cannot_be_saved_says_what_the_next_deployment_lacks(podnet, monkeypatch):
    podnet("up")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, refused("overrides-unwritable") as caught:
        patch.setattr(overrides, "write_atomically", full)
        podnet("switch", "overlay")

    assert "No space left on device" in str(caught.value)
    assert "podnet:routing" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"podnet:routing": 5}', b"5", b"{"])
def test_settings_that_cannot_be_read_are_named(podnet, tmp_path, content):
    podnet("up")
    file = Home.open(tmp_path).overrides("lab")
    file.write_bytes(content)

    for words in (("up",), ("switch", "overlay"), ("preview",)):
        with refused("overrides-unreadable") as caught:
            podnet(*words)

    assert str(file) in str(caught.value)
    assert file.read_bytes() == content


def test_a_preview_keeps_nothing(podnet):
    podnet("up", "-c", "nodeCount=4")

    assert podnet("preview", "-c", "nodeCount=2")[0] == (2, "vpc-routes")
    assert podnet("up")[0] == (4, "vpc-routes")


def test_what_cannot_work_is_not_kept(podnet, tmp_path):
    with refused("settings-invalid"):
        podnet("up", "-c", "nodeCount=0")

    assert overrides.load(Home.open(tmp_path), "lab") == {}


def test_a_setting_that_only_the_lab_turns_off_can_be_turned_on(podnet, tmp_path):
    """What Pulumi.yaml declares as a default is not what holds in a lab."""
    home = Home.open(tmp_path)

    podnet("up", "-c", "sessionManager=true", "-c", "protectControlPlane=true")
    on = overrides.load(home, "lab")
    podnet("up", "-c", "sessionManager=false", "-c", "protectControlPlane=false")

    assert on == {"podnet:sessionManager": "true", "podnet:protectControlPlane": "true"}
    assert overrides.load(home, "lab") == {}
