"""What docs/ci.md runs exists: commands, options, targets and files."""

from __future__ import annotations

import json
import re
from importlib import import_module

import click
import pytest
import yaml

import podnet.lab.commands  # noqa: F401  # registers the lab's commands
from podnet.cli.app import Registered, app
from podnet.lab.home import PROJECT
from tests.unit.docs.recipes import PAGE, blocks, calls, options, scripts

ROLES = {"podnet-preview", "podnet-deployer", "podnet-verifier"}


def command(words):
    """The command that the words begin with."""
    found = app.commands[words[0]]
    assert isinstance(found, Registered)
    group = import_module(found.module).commands
    return group.commands[words[0]]


@pytest.mark.parametrize("words", calls("podnet"), ids=" ".join)
def test_podnet_has_the_command_and_its_options(words):
    found = command(words)
    context = found.make_context("podnet", [*words[1:]], resilient_parsing=False)

    known = {name for each in found.params if isinstance(each, click.Option) for name in each.opts}
    assert options(words[1:]) <= known
    assert not context.args


@pytest.mark.parametrize("words", calls("make"), ids=" ".join)
def test_make_has_the_target(words):
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)

    assert {*words} <= {*targets}


@pytest.mark.parametrize("words", calls("pip"), ids=" ".join)
def test_what_is_installed_is_there(words):
    files = [words[place + 1] for place, word in enumerate(words) if word == "-r"]

    assert files or "--editable" in words
    assert all((PROJECT / file).is_file() for file in files)


def test_the_recipes_have_every_job_and_role():
    github, gitlab = map(yaml.safe_load, blocks("yaml"))

    jobs = {"preview", "deploy", "proof", "drift"}
    assert set(github["jobs"]) == jobs
    assert {name for name, job in gitlab.items() if "script" in job} == jobs
    for text in blocks("yaml"):
        assert set(re.findall(r"role/([a-z-]+)", text)) == ROLES
    for text in blocks("yaml"):
        for call in ("pulumi preview", "pulumi up", "podnet verify --plan", "podnet verify --live"):
            assert call in text
        assert "--policy-pack policy" in text
        assert "--refresh --expect-no-changes" in text
    assert not any("PULUMI_ACCESS_TOKEN=" in script for script in scripts())


def test_a_trust_policy_names_one_repository_and_branch():
    (policy,) = map(json.loads, blocks("json"))
    (statement,) = policy["Statement"]

    condition = statement["Condition"]["StringEquals"]
    assert {key.rpartition(":")[2] for key in condition} == {"aud", "sub"}
    assert "*" not in json.dumps(statement)


def test_every_file_and_role_that_the_page_names_has_its_policy():
    for role in ("deployer", "verifier"):
        assert f"`podnet-{role}`: [iam/{role}.json](iam/{role}.json)" in PAGE
        assert (PROJECT / "docs" / "iam" / f"{role}.json").is_file()
    assert (PROJECT / "policy" / "PulumiPolicy.yaml").is_file()
