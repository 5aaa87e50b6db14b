"""Pulumi.yaml and the configuration of a stack."""

import json

import pytest

from podnet.lab.engines.embedded import EngineError
from podnet.lab.engines.project import Project
from tests.refusals import refused

DECLARED = """
    name: proj
    runtime: python
    stackConfigDir: stacks
    config:
      proj:count: {type: integer, default: 2}
      size: {type: string, default: small}
      proj:flag: {type: boolean, default: true}
      proj:ranges: {type: array, items: {type: string}, default: [a, b]}
      proj:tags: {type: object, default: {k: v}}
      proj:free: {description: has neither type nor default}
      aws:region: {value: eu-central-1}
      aws:profile: none
"""


def config(lab, stack="", overrides=None, declared=DECLARED):
    lab.yaml(declared)
    (lab.project / "stacks").mkdir(exist_ok=True)
    if stack:
        lab.yaml(stack, "stacks/Pulumi.dev.yaml")
    return Project.load(lab.project).config("dev", overrides or {})


def test_defaults_of_the_project_are_the_configuration_of_a_stack_that_says_nothing(lab):
    assert config(lab) == {
        "proj:count": "2",
        "proj:size": "small",
        "proj:flag": "true",
        "proj:ranges": '["a","b"]',
        "proj:tags": '{"k":"v"}',
        "aws:region": "eu-central-1",
        "aws:profile": "none",
    }


def test_the_stack_goes_over_the_defaults_and_overrides_over_the_stack(lab):
    seen = config(
        lab,
        "config:\n  proj:count: 3\n  proj:size: large\n  aws:region: us-east-1\n",
        {"proj:count": "4", "flag": "false"},
    )

    assert {key: seen[key] for key in ("proj:count", "proj:size", "proj:flag", "aws:region")} == {
        "proj:count": "4",
        "proj:size": "large",
        "proj:flag": "false",
        "aws:region": "us-east-1",
    }


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("007", "7"),
        ('"007"', "007"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("true", "true"),
        ("~", ""),
        ("1.50", "1.5"),
        ("{b: [1, true], a: é}", '{"a":"é","b":[1,true]}'),
        ("[]", "[]"),
        ("2001-01-01", "2001-01-01"),
    ],
)
def test_values_become_the_text_that_programs_get(lab, written, seen):
    assert config(lab, f"config:\n  proj:free: {written}\n")["proj:free"] == seen


@pytest.mark.parametrize(
    ("written", "rule", "value"),
    [
        ("proj:count: many", "stack-configuration-invalid", "integer, got many"),
        ("proj:count: 2.5", "stack-configuration-invalid", "integer, got 2.5"),
        ("proj:flag: maybe", "stack-configuration-invalid", "boolean, got maybe"),
        ("proj:size: [1]", "stack-configuration-invalid", "string, got [1]"),
        ("proj:ranges: a", "stack-configuration-invalid", "array, got a"),
        ("proj:ranges: [a, [b]]", "stack-configuration-invalid", 'string, got ["a",["b"]]'),
        ("proj:tags: [a]", "stack-configuration-invalid", 'object, got ["a"]'),
        ("count: 3", "configuration-key-without-namespace", "proj:count"),
        ("proj:size: {secure: v1:abc}", "configuration-encrypted", "proj:size"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_it_must_be(lab, written, rule, value):
    with refused(rule, EngineError) as caught:
        config(lab, f"config:\n  {written}\n")

    assert value in str(caught.value)


def test_all_problems_are_reported_together(lab):
    with refused("stack-configuration-invalid", EngineError) as caught:
        config(lab, "config:\n  proj:count: x\n  proj:flag: y\n")

    assert len(str(caught.value).splitlines()) == 2


def test_a_declared_value_without_default_must_be_given(lab):
    declared = DECLARED + "      proj:needed: {type: string}\n"

    with refused("stack-configuration-invalid", EngineError) as caught:
        config(lab, declared=declared)
    assert "proj:needed" in str(caught.value)
    assert config(lab, "config:\n  proj:needed: here\n", declared=declared)["proj:needed"] == "here"


def test_lists_and_objects_can_be_given_as_json_text(lab):
    seen = config(lab, overrides={"proj:ranges": '["x"]', "proj:tags": '{"a": 1}'})

    assert json.loads(seen["proj:ranges"]) == ["x"]
    with refused("stack-configuration-invalid", EngineError) as caught:
        config(lab, overrides={"proj:ranges": "x"})
    assert "proj:ranges" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("name: proj\nruntime: go\n", "project-runtime-unsupported"),
        ("runtime: python\n", "project-name-missing"),
        ("- a list\n", "project-file-not-a-mapping"),
        ("name: [", "project-file-not-yaml"),
        ("name: p\nruntime: python\nconfig: {a: {type: number}}\n", "configuration-type-unknown"),
    ],
)
def test_a_bad_project_file_is_named_with_its_fault(lab, text, rule):
    with refused(rule, EngineError) as caught:
        config(lab, overrides={"a": "1"}, declared=text)

    assert "Pulumi.yaml" in str(caught.value)


def test_a_directory_without_a_project_is_named(lab):
    (lab.project / "Pulumi.yaml").unlink()

    with refused("project-file-missing", EngineError):
        lab.engine().preview()
