"""The project and stack files say what the settings say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from podnet.lab.cloud.fabric import INTERNET_HOST
from podnet.plan import config, tags
from podnet.plan.config import PARSERS
from podnet.plan.settings import Settings

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

    assert config.load(raw_config(declared)) == Settings()


def test_declared_types_are_the_types_of_the_settings():
    kinds = {
        "bool": "boolean",
        "int": "integer",
        # The CLI checks the type of a value only where one is declared (pulumi/pulumi,
        # sdk/go/common/workspace/project.go, IsExplicitlyTyped).
        "int | tuple[int, ...]": None,
        "Mapping[str, str]": "object",
        "Mapping[str, object]": "object",
        "RootVolume": "object",
        "tuple[IPv4Network, ...]": "array",
        "tuple[str, ...]": "array",
    }
    fields = {field.name: str(field.type) for field in dataclasses.fields(Settings)}

    assert {name: item.get("type") for name, item in DECLARED["config"].items()} == {
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
    assert [file.name.split(".")[1] for file in STACKS] == [
        "dev",
        "flannel",
        "host-gw",
        "kube-router",
        "kubernetes",
        "l2",
        "lab",
        "overlay",
        "prod",
    ]


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_every_stack_file_holds_settings_that_are_accepted(file):
    values = yaml.safe_load(file.read_text())["config"]

    assert config.load(raw_config(values))
    assert values["aws:region"] == "eu-central-1"


def test_the_lab_has_three_nodes_switches_to_every_mode_and_has_all_else_by_default():
    assert settings("lab") == Settings(node_count=3, node_range_prefix=27)


def test_each_stack_is_of_the_mode_and_the_zones_it_is_named_for():
    assert {
        name: (settings(name).routing, settings(name).zones)
        for name in (
            "dev",
            "prod",
            "overlay",
            "host-gw",
            "l2",
            "kubernetes",
            "flannel",
            "kube-router",
        )
    } == {
        "dev": ("vpc-routes", 1),
        "prod": ("vpc-routes", 3),
        "overlay": ("overlay", 2),
        "host-gw": ("host-gw", 1),
        "l2": ("l2", 1),
        "kubernetes": ("vpc-routes", 1),
        "flannel": ("flannel", 1),
        "kube-router": ("external", 1),
    }


@pytest.mark.parametrize("stack", ["kubernetes", "flannel", "kube-router"])
def test_the_stacks_of_a_cluster_have_three_nodes_and_let_the_labs_program_in(stack):
    wanted = settings(stack)

    assert (wanted.kubernetes, wanted.node_count) == ("kubeadm", 3)
    assert [cidr for cidr in wanted.api_cidrs if INTERNET_HOST in cidr]


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_a_stack_says_first_when_to_choose_it(file):
    head, _, _ = file.read_text().partition("config:\n")

    assert "Choose it " in head.replace("\n# ", " ")
    assert all(line.startswith("# ") and len(line) <= 100 for line in head.splitlines())


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_a_stack_leaves_alone_the_tags_that_change_while_nodes_run(file):
    ignored = yaml.safe_load(file.read_text())["config"]["aws:ignoreTags"]

    assert ignored == {"keys": [tags.FILES, tags.ROUTING, tags.SETTLED, tags.POD_ROUTES]}


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_every_stack_deploys_its_nodes_in_its_routing(cloud, file):
    wanted = settings(file.name.split(".")[1])
    count = sum(wanted.counts)
    cloud.has_cluster(count).run_main(raw_config(yaml.safe_load(file.read_text())["config"]))

    assert {
        item["value"]
        for item in cloud.inputs("Tag").values()
        if item["key"] not in ("podnet:files", "podnet:pod-routes")
    } == {wanted.node_routing.tag()}
    assert len(cloud.of("Instance")) == count
    assert len(cloud.of("Subnet")) == wanted.zones


def settings(stack: str) -> Settings:
    text = (PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text()
    return config.load(raw_config(yaml.safe_load(text)["config"]))
