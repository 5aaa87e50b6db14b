import pytest
from typer.testing import CliRunner

from lab import host
from lab.cli import app, deploy
from lab.cli.app import overrides
from lab.cli.deploy import EngineKind
from lab.engine import Step, Summary
from lab.errors import LabError
from lab.home import Home

URN = "urn:pulumi:lab::podnet::aws:ec2/route:Route::pod-routes-a-node-1"


def summary(*steps, **counts):
    return Summary(steps=steps, counts=counts, outputs={}, seconds=0.0)


def test_a_setting_given_without_namespace_is_podnets():
    assert overrides(["nodeCount=4", "aws:region=eu-west-1"]) == {
        "podnet:nodeCount": "4",
        "aws:region": "eu-west-1",
    }


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(LabError, match=r"'nodeCount' is not KEY=VALUE; write podnet:nodeCount=4"):
        overrides(["nodeCount"])


def test_an_unknown_stack_is_refused_with_the_known_ones():
    with pytest.raises(LabError, match=r"there is no stack 'prdo'; stacks/ describes .*lab"):
        deploy.region("prdo")


def test_a_stack_stays_with_the_engine_that_deployed_it(tmp_path, monkeypatch):
    home = Home.open(tmp_path)
    monkeypatch.setattr(deploy.shutil, "which", lambda _: None)
    assert deploy.choose(home, "lab", EngineKind.AUTO) is EngineKind.EMBEDDED
    deploy.remember(home, "lab", EngineKind.EMBEDDED)
    monkeypatch.setattr(deploy.shutil, "which", lambda _: "/somewhere/pulumi")

    assert deploy.choose(home, "lab", EngineKind.AUTO) is EngineKind.EMBEDDED
    with pytest.raises(LabError, match="deployed into this lab by the embedded engine"):
        deploy.choose(home, "lab", EngineKind.PULUMI)


def test_the_pulumi_engine_needs_pulumi(tmp_path, monkeypatch):
    monkeypatch.setattr(deploy.shutil, "which", lambda _: None)

    with pytest.raises(LabError, match="there is no `pulumi` on PATH; use --engine embedded"):
        deploy.choose(Home.open(tmp_path), "lab", EngineKind.PULUMI)


def test_a_machine_that_cannot_hold_the_lab_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(host, "problems", lambda: ["the lab needs root"])

    result = CliRunner().invoke(app, ["--lab", str(tmp_path / "lab"), "up"])

    assert isinstance(result.exception, LabError)
    assert str(result.exception) == "the lab needs root\nNothing was changed."
    assert list(tmp_path.iterdir()) == []


def test_a_summary_without_changes_says_so():
    assert deploy.in_words(summary(same=27)) == (
        "nothing to change, 27 resources are as they should be"
    )


def test_a_summary_counts_each_kind_of_change():
    assert deploy.in_words(summary(create=2, delete=1, same=24)) == (
        "2 create, 1 delete, 24 unchanged"
    )


def test_changes_are_described_with_the_properties_that_differ():
    step = Step.of("update", URN, "networkInterfaceId: eni-1 → eni-2")

    assert list(deploy.describe(summary(step, update=1))) == [
        f"  [yellow]~[/yellow] update   {'aws:ec2/route:Route':45} pod-routes-a-node-1",
        "      networkInterfaceId: eni-1 → eni-2",
    ]
