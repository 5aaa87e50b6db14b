from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from podnet.cli.app import Invocation, app
from podnet.errors import UserError
from podnet.lab.commands import nodes, options
from podnet.lab.home import Home
from podnet.lab.host import preflight
from podnet.lab.stack.engine import EngineKind, record
from tests.refusals import refused


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The lab of the invocation, whose cloud seems to run."""
    monkeypatch.setattr(preflight, "problems", list)
    monkeypatch.setattr(options, "running_cloud", lambda _: "http://127.0.0.1:1")
    monkeypatch.setattr(Invocation, "lab", tmp_path)
    return Home.open(tmp_path)


def test_a_setting_given_without_namespace_is_podnets():
    assert options.parse_config(["nodeCount=4", "aws:region=eu-west-1"]) == {
        "podnet:nodeCount": "4",
        "aws:region": "eu-west-1",
    }


def test_a_setting_without_a_value_is_refused():
    with refused("config-not-key-value") as caught:
        options.parse_config(["nodeCount"])
    assert "'nodeCount'" in str(caught.value)


def test_a_machine_that_cannot_hold_the_lab_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "problems", lambda: ["the lab needs root"])

    result = CliRunner().invoke(app, ["--lab", str(tmp_path / "lab"), "up"])

    assert isinstance(result.exception, UserError)
    assert result.exception.rule == "machine-unfit"
    assert "the lab needs root" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_command_for_a_lab_that_is_not_there_makes_none(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "problems", list)
    monkeypatch.setattr(Invocation, "lab", tmp_path / "lab")

    with refused("lab-missing"):
        options.existing_home()
    assert list(tmp_path.iterdir()) == []


def test_the_only_stack_of_a_lab_is_not_named(home, capsys):
    record(home, "lab", EngineKind.EMBEDDED)

    assert options.deployed_stack(None).name == "lab"
    assert capsys.readouterr().err == ""


def test_a_command_names_its_stack_first_where_the_lab_has_several(home, capsys):
    record(home, "kubernetes", EngineKind.EMBEDDED)
    options.deployed_stack(None).record()
    record(home, "lab", EngineKind.EMBEDDED)

    assert options.deployed_stack(None).name == "kubernetes"
    assert options.deployed_stack("lab").name == "lab"
    assert capsys.readouterr().err == "stack kubernetes\nstack lab\n"


def test_an_enumeration_is_given_by_its_values(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "problems", list)
    lab = ["--lab", str(tmp_path / "none")]

    known = CliRunner().invoke(app, [*lab, "switch", "host-gw", "--engine", "embedded"])
    unknown = CliRunner().invoke(app, [*lab, "switch", "HOST_GW"])

    assert isinstance(known.exception, UserError)
    assert known.exception.rule == "lab-missing"
    assert unknown.exit_code == 2
    assert "'vpc-routes', 'host-gw', 'overlay', 'l2', 'flannel'" in unknown.output


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (["exec", "node-1", "ls", "-l"], ["ls", "-l"]),
        (["exec", "node-1", "--", "ip", "--stack"], ["ip", "--stack"]),
        (["pod", "exec", "pod-1a", "--", "ping", "-c", "1"], ["ping", "-c", "1"]),
    ],
    ids=["an option", "an option of our own", "in a pod"],
)
def test_a_command_on_a_node_keeps_its_own_options(monkeypatch, words, argv):
    ran = []
    inside = SimpleNamespace(command=lambda *command: ("enter", *command))
    stack = SimpleNamespace(node=lambda _: inside)
    monkeypatch.setattr(nodes, "deployed_stack", lambda _: stack)
    monkeypatch.setattr(nodes, "_find", lambda _stack, _name: inside)
    monkeypatch.setattr(nodes.os, "execvp", lambda _, whole: ran.extend(whole))

    assert CliRunner().invoke(app, words).exit_code == 0
    assert ran == ["enter", *argv]
