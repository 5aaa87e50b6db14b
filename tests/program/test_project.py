"""The project and stack files say what the settings say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan.settings import PARSERS, Settings

PROJECT = Path(__file__).resolve().parents[2]
DECLARED = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
STACKS = sorted((PROJECT / DECLARED["stackConfigDir"]).glob("Pulumi.*.yaml"))


def raw(value: object) -> str:
    """A value of a YAML file as the CLI hands it to a program."""
    return value if isinstance(value, str) else json.dumps(value)


def raw_config(values: dict[str, Any]) -> dict[str, str]:
    return {key: raw(value) for key, value in values.items()}


def test_the_project_declares_every_setting_and_no_other():
    assert list(DECLARED["config"]) == list(PARSERS)


@pytest.mark.parametrize("name", PARSERS)
def test_a_declared_default_is_the_default_of_the_settings(name):
    attribute, parser = PARSERS[name]

    assert parser(raw(DECLARED["config"][name]["default"])) == getattr(Settings(), attribute)


def test_the_declared_defaults_together_are_the_default_settings():
    declared = {f"podnet:{name}": item["default"] for name, item in DECLARED["config"].items()}

    assert Settings.from_config(raw_config(declared)) == Settings()


def test_declared_types_are_the_types_of_the_settings():
    kinds = {
        "bool": "boolean",
        "int": "integer",
        "Mapping[str, str]": "object",
        "tuple[IPv4Network, ...]": "array",
        "tuple[str, ...]": "array",
    }
    fields = {field.name: str(field.type) for field in dataclasses.fields(Settings)}

    assert {name: item["type"] for name, item in DECLARED["config"].items()} == {
        name: kinds.get(fields[attribute], "string") for name, (attribute, _) in PARSERS.items()
    }


def test_every_setting_is_described_in_a_line():
    assert all(10 < len(item["description"]) < 100 for item in DECLARED["config"].values())


def test_the_cli_finds_the_program_its_interpreter_and_its_stacks():
    assert DECLARED["name"] == "podnet"
    assert DECLARED["runtime"] == {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": ".venv"},
    }
    assert [file.name for file in STACKS] == ["Pulumi.dev.yaml", "Pulumi.lab.yaml"]


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_every_stack_file_holds_settings_that_are_accepted(file):
    config = yaml.safe_load(file.read_text())["config"]

    assert Settings.from_config(raw_config(config))
    assert config["aws:region"] == "eu-central-1"


def test_the_lab_has_three_nodes_and_all_else_by_default():
    config = yaml.safe_load((PROJECT / "stacks" / "Pulumi.lab.yaml").read_text())["config"]

    assert Settings.from_config(raw_config(config)) == Settings(node_count=3)
