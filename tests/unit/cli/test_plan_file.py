"""`podnet verify --plan FILE` on the command line, without a lab."""

import json

import pytest
from click.testing import CliRunner

from podnet.cli.plan_file import planned
from podnet.cli.verify import commands
from tests.program.conftest import no_wait  # noqa: F401  # a fixture
from tests.program.plans import Plan
from tests.refusals import refused

VERIFY = commands.commands["verify"]


@pytest.fixture
def plan():
    return Plan.of(nodeCount="3")


def verify(file, *options):
    return CliRunner().invoke(VERIFY, ["--plan", str(file), *options])


def test_a_plan_that_is_proved_ends_with_0(plan, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(plan.text)
    shown = verify(file, "--json")

    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.output)["holds"] is True


def test_a_plan_that_is_not_proved_ends_with_1(plan, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(plan.without("SecurityGroupIngressRule", "firewall-in-pods").text)
    shown = verify(file, "--json")

    assert shown.exit_code == 1
    assert json.loads(shown.output)["holds"] is False


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_plan_is_read_as_shells_write_it(plan, tmp_path, encoding):
    file = tmp_path / "plan.json"
    file.write_bytes(plan.text.encode(encoding))

    assert planned(file).prove().holds


def test_a_plan_is_read_from_standard_input(plan):
    assert CliRunner().invoke(VERIFY, ["--plan", "-"], input=plan.text).exit_code == 0


def test_what_cannot_be_read_is_refused(tmp_path):
    with refused("plan-unreadable"):
        planned(tmp_path / "missing.json")
    (tmp_path / "binary").write_bytes(b"\x80\x81")
    with refused("plan-not-text"):
        planned(tmp_path / "binary")
