"""The command line: what it shows and asks before anything is made, and what the sweeper lists."""

import json

import pytest
from click.testing import CliRunner

from podnet.acceptance import __main__ as module
from podnet.acceptance.leftovers import Left
from podnet.errors import UserError
from tests.refusals import refused

RUN, OTHER = "eu-central-1-0a1b2c", "eu-central-1-ffffff"
PRICED = ("run", "--region", "eu-central-1", "--ceiling", "5", "--hourly-price", "0.05")


class Endpoint:
    class meta:  # noqa: N801  # as boto3 has it
        endpoint_url = "http://127.0.0.1:1"


class Fakes:
    """What the command line stands on: an account with leftovers, and runs that pass or do not."""

    def __init__(self):
        self.left, self.runs, self.passes, self.problems = [], [], True, []
        self.ec2 = Endpoint

    def of(self, region):
        assert region == "eu-central-1"
        return self

    def find(self, _account, run=None):
        return [each for each in self.left if run in (None, each.run)]

    def delete(self, _account, found, _note):
        stay = [each for each in found if self.problems]
        self.left = [each for each in self.left if each not in found or each in stay]
        return self.problems

    def run(self, **given):
        self.runs.append(given)
        return self

    def go(self):
        evidence = self.runs[-1]["evidence"]
        evidence.write()
        if not self.passes:
            evidence.fail("failed", "a matrix failed")
        return self.passes

    def stack(self, _project, work, _run):
        work.mkdir(parents=True)
        return self

    def versions(self):
        return {"pulumi CLI": "v3"}


@pytest.fixture
def fakes(monkeypatch, tmp_path):
    fakes = Fakes()
    for name, value in {
        "Account": fakes,
        "find": fakes.find,
        "delete": fakes.delete,
        "Run": fakes.run,
        "PulumiStack": fakes.stack,
        "require_pulumi": lambda: None,
        "WORK": tmp_path,
    }.items():
        monkeypatch.setattr(module, name, value)
    return fakes


def call(*words, **options):
    done = CliRunner().invoke(module.cli, words, **options)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_cost_and_ceiling_are_shown_and_nothing_is_made_without_a_yes(fakes, tmp_path):
    for answer in ("n\n", ""):
        done = call(*PRICED, input=answer)

        assert done.exit_code == 1
        assert "3 nodes: 0.1500 USD an hour" in done.output
        assert "ceiling: 5.00 USD" in done.output
        assert "deploy?" in done.output
    assert fakes.runs == []
    assert [*tmp_path.iterdir()] == []


def test_a_yes_or_its_option_begins_the_run(fakes):
    assert call(*PRICED, input="y\n").exit_code == 0
    assert call(*PRICED, "--yes").exit_code == 0
    assert len(fakes.runs) == 2


def test_the_evidence_says_what_was_known_before(fakes, tmp_path):
    call(*PRICED, "--yes")

    (file,) = tmp_path.glob("*/evidence.json")
    found = json.loads(file.read_text())
    assert found["run"] == file.parent.name
    assert found["endpoint"] == "http://127.0.0.1:1"
    assert {"commit", "podnet", "pulumi-aws", "pulumi CLI", "Python"} <= {*found["versions"]}
    assert len(found["versions"]["commit"].removesuffix("-dirty")) == 40
    assert found["estimate"]["ceiling"] == 5
    assert found["settings"]["podnet:tags"] == json.dumps({"podnet-acceptance": found["run"]})


def test_a_run_over_the_ceiling_is_refused_before_anything(fakes):
    with refused("acceptance-over-ceiling"):
        call("run", "--region", "eu-central-1", "--ceiling", "0.01", "--hourly-price", "9", "--yes")
    assert fakes.runs == []


def test_a_run_that_fails_ends_with_1_and_its_reason(fakes):
    fakes.passes = False
    done = call(*PRICED, "--yes")

    assert done.exit_code == 1
    assert "a matrix failed" in done.output


def test_what_earlier_runs_left_is_said(fakes):
    fakes.left = [Left("VPC", "vpc-1", RUN)]

    assert "1 resources of earlier runs" in call(*PRICED, input="n\n").output


def test_the_sweeper_lists_and_deletes_nothing_by_itself(fakes):
    fakes.left = [Left("VPC", "vpc-1", RUN), Left("role", "nodes-0000000", OTHER)]
    done = call("sweep", "--region", "eu-central-1")

    assert done.exit_code == 1
    assert f"{RUN}  VPC  vpc-1\n{OTHER}  role  nodes-0000000\n" in done.output
    assert f"--run {OTHER} --delete" in done.output
    assert len(fakes.left) == 2


def test_the_sweeper_deletes_what_is_of_the_run_after_a_yes(fakes):
    fakes.left = [Left("VPC", "vpc-1", RUN), Left("role", "nodes-0000000", OTHER)]
    words = ("sweep", "--region", "eu-central-1", "--run", RUN, "--delete")

    assert call(*words, input="n\n").exit_code == 1
    assert len(fakes.left) == 2
    assert call(*words, input="y\n").exit_code == 0
    assert [each.run for each in fakes.left] == [OTHER]
    assert call("sweep", "--region", "eu-central-1", "--delete", "--yes").exit_code == 0
    assert fakes.left == []


def test_what_the_sweeper_cannot_delete_is_named(fakes):
    fakes.left = [Left("VPC", "vpc-1", RUN)]
    fakes.problems = [UserError("vpc-1 is in use", rule="any")]
    done = call("sweep", "--region", "eu-central-1", "--delete", "--yes")

    assert done.exit_code == 1
    assert "vpc-1 is in use" in done.output


def test_an_account_in_which_nothing_is_left_is_fine(fakes):
    done = call("sweep", "--region", "eu-central-1")

    assert (done.exit_code, done.output) == (0, "nothing is left\n")


def test_a_run_of_another_form_is_refused(fakes):
    with refused("acceptance-run-name"):
        call("sweep", "--region", "eu-central-1", "--run", "all", "--delete")


def test_an_error_for_users_ends_the_program_with_1(fakes, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["x", "sweep", "--region", "eu-central-1", "--run", "all"])
    with pytest.raises(SystemExit) as caught:
        module.main()

    assert caught.value.code == 1
    assert "error: 'all' is not the name of a run" in capsys.readouterr().err
