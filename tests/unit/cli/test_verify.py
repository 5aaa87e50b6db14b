"""`podnet verify` of a saved world, without a lab and without an account."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the lab
from podnet.cli import app as application
from podnet.cli.app import app
from podnet.plan.settings import Settings
from podnet.plan.tags import NETWORK, NODE, NODES, ROUTING, STACK
from podnet.verify import planned
from podnet.world import saved
from tests.refusals import refused

SETTINGS = Settings(node_count=2)
IDENTITY = "organization/podnet/dev"


def tagged(world, expected="1-2"):
    """A planned world with the tags that a deployment gives."""
    node = {
        STACK: IDENTITY,
        NETWORK: SETTINGS.fingerprint,
        ROUTING: SETTINGS.node_routing.tag(),
    }
    return replace(
        world,
        vpcs=tuple(
            replace(one, tags=MappingProxyType({STACK: IDENTITY, NODES: expected}))
            for one in world.vpcs
        ),
        instances=tuple(
            replace(one, tags=MappingProxyType({**node, NODE: one.id})) for one in world.instances
        ),
    )


@pytest.fixture
def world(tmp_path):
    """A file with the world, and how to write another one there."""
    path = tmp_path / "world.json"
    saved.save(tagged(planned.world(SETTINGS)), path)
    return path


def run(*words):
    return CliRunner().invoke(app, ["verify", *map(str, words)])


def failing(*words):
    """Run a command that ends with an error."""
    CliRunner().invoke(app, ["verify", *map(str, words)], catch_exceptions=False)


def test_a_saved_world_is_proved(world):
    done = run("--file", world)

    assert (done.exit_code, done.stderr) == (0, "")
    assert "proved on paper" in done.output


def test_a_world_that_fails_ends_with_one_and_names_the_hop(world):
    broken = tagged(planned.world(SETTINGS))
    (eni, *others) = broken.enis
    saved.save(replace(broken, enis=(replace(eni, source_dest_check=True), *others)), world)

    done = run("--file", world, "--json")

    found = json.loads(done.stdout)
    assert (done.exit_code, found["holds"]) == (1, False)
    causes = {each["failure"]["cause"] for each in found["verdicts"] if each["failure"]}
    assert causes == {"source-check", "destination-check"}


def test_a_node_that_is_to_be_there_and_is_not_ends_with_one(world):
    saved.save(tagged(planned.world(SETTINGS), "1-3"), world)

    done = run("--file", world)

    assert done.exit_code == 1
    assert "node-3 must exist and does not" in done.output
    assert run("--file", world, "--nodes", "1-2").exit_code == 0


def test_what_was_read_is_saved_again(world, tmp_path):
    assert run("--file", world, "--save", tmp_path / "again.json").exit_code == 0

    assert saved.load(tmp_path / "again.json") == saved.load(world)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--live", "--file", "x"], "source-ambiguous"),
        (["--region", "eu-central-1"], "region-without-live"),
        (["--vpc", "vpc-1"], "source-without-live"),
        (["--nodes", "1-3"], "source-without-live"),
        (["--file", "none.json"], "world-file-unreadable"),
        (["--plan", "x", "--save", "y"], "save-of-plan"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_options_that_do_not_go_together_are_refused(words, rule):
    with refused(rule):
        failing(*words)


def test_a_stack_that_the_file_does_not_hold_is_refused(world):
    with refused("stack-not-found"):
        failing("--file", world, "--stack", "prod")


def test_without_the_lab_an_account_and_a_file_are_left(world, monkeypatch):
    monkeypatch.setattr(application, "LABS", [])

    assert run("--file", world).exit_code == 0
    with refused("lab-not-installed"):
        failing()
