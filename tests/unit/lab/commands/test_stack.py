import pytest
from click.testing import CliRunner

import podnet.lab.commands  # registers the commands
from podnet.cli.app import app
from podnet.lab.home import Home
from podnet.lab.host import preflight
from podnet.lab.stack.engine import EngineKind, record
from podnet.lab.stack.stacks import current, select


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "problems", list)
    return Home.open(tmp_path)


def podnet(home, *words):
    done = CliRunner().invoke(app, ["--lab", str(home.directory), *words])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_stacks_are_listed_with_their_engine_and_the_current_one_is_marked(home):
    record(home, "kubernetes", EngineKind.EMBEDDED)
    record(home, "lab", EngineKind.EMBEDDED)
    select(home, "kubernetes")

    shown = [row.split() for row in podnet(home, "stack").splitlines()]

    assert ["*", "kubernetes", "embedded"] in [row[:3] for row in shown]
    assert ["lab", "embedded", "unknown"] in [row[:3] for row in shown]


def test_a_stack_is_selected_by_name(home):
    record(home, "kubernetes", EngineKind.EMBEDDED)
    record(home, "lab", EngineKind.EMBEDDED)
    podnet(home, "stack", "select", "kubernetes")

    assert current(home) == "kubernetes"


def test_a_lab_without_stacks_says_how_to_deploy_one(home):
    assert "nothing is deployed" in podnet(home, "stack")
