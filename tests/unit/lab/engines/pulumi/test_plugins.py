"""Which provider plugins the Pulumi CLI finds in the lab's home."""

import os

import pytest

from podnet.lab.engines.pulumi import plugins
from podnet.lab.home import Home
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from tests.refusals import refused


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "pulumi-resource-any"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def installed(home):
    plugins.install(home)
    return {
        file.name.removeprefix("pulumi-resource-"): file.read_text()
        for file in (home / "plugins").glob("resource-*/pulumi-resource-*")
    }


def test_without_a_choice_both_plugins_are_the_labs(tmp_path):
    texts = installed(tmp_path)

    assert texts.keys() == {"aws", "kubernetes"}
    assert all(f"podnet.lab.providers.{name}.plugin" in text for name, text in texts.items())


@pytest.mark.parametrize("name", ["aws", "kubernetes"])
def test_a_chosen_plugin_stays_until_the_labs_own_is_chosen(tmp_path, program, name):
    own = installed(tmp_path)
    plugins.choose(tmp_path, {name: str(program)})
    real = installed(tmp_path)
    plugins.choose(tmp_path, {name: "lab"})

    assert str(program) in real[name]
    assert {key for key in real if real[key] != own[key]} == {name}
    assert installed(tmp_path) == own


@pytest.mark.parametrize("mode", [None, 0o644])
def test_what_is_no_program_is_refused_and_the_choice_before_stays(tmp_path, program, mode):
    plugins.choose(tmp_path, {"kubernetes": str(program)})
    other = tmp_path / "other"
    if mode:
        other.touch(mode)

    with refused("provider-plugin-missing"):
        plugins.choose(tmp_path, {"aws": str(program), "kubernetes": str(other)})

    texts = installed(tmp_path)
    assert str(program) in texts["kubernetes"]
    assert str(program) not in texts["aws"]
    assert not os.access(other, os.X_OK)


def test_a_plugin_is_refused_where_the_embedded_engine_deploys(tmp_path, program):
    stack = LabStack(Home.open(tmp_path), "lab", "http://127.0.0.1:1", EngineKind.EMBEDDED)

    with refused("provider-plugin-needs-pulumi"):
        stack.choose_plugins({"aws": None, "kubernetes": str(program)})
    stack.choose_plugins({"aws": None, "kubernetes": None})
