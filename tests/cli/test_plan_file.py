"""What the real CLI plans, proved on paper; and a deployment that is not proved ends before it."""

from __future__ import annotations

import json

import pytest

from podnet.lab.engines.embedded import Engine
from podnet.lab.engines.errors import ProgramError
from podnet.lab.providers.aws import AwsProvider
from podnet.verify import plan_file
from tests.cli.conftest import IMAGE, REGION
from tests.cli.shell import Shell
from tests.refusals import refused

pytestmark = pytest.mark.cli

RULES = """
def pod_traffic_rules(settings, variant):
    return {}
"""


def proved(text):
    return plan_file.subject(text, "plan.json").prove()


def proof_of(engine):
    return proved(json.dumps(engine.plan()))


def test_both_engines_write_plans_of_one_proof(cli, project, tmp_path, endpoint):
    settings = {"podnet:nodeCount": "2", "podnet:imageId": IMAGE}
    provider = AwsProvider(endpoint, REGION)
    embedded = Engine(project, "lab", tmp_path / "state.json", {"aws": provider}, config=settings)
    ours, theirs = proof_of(embedded), proof_of(cli())

    assert theirs.holds
    assert theirs.to_json() == ours.to_json()

    cli().up()

    assert proof_of(cli()).to_json() == ours.to_json()

    switch = proof_of(cli(routing="overlay", nodeCount="3"))

    assert switch.holds
    assert "node-3" in {str(end) for each in switch.verdicts for end in each.source.members}


def test_a_plan_that_fails_says_why(cli):
    with refused("pulumi-reported-error", ProgramError) as caught:
        cli(routing="magic").plan()
    assert "magic" in str(caught.value)


@pytest.fixture
def shell(project, tmp_path, held):
    """A user's shell at the proxy that writes down what is changed."""
    made = Shell(project, tmp_path, held.endpoint)
    made.run(f"pulumi stack init lab --non-interactive && pulumi config set podnet:imageId {IMAGE}")
    return made


def test_what_is_not_proved_ends_before_the_first_change(shell, held):
    """A rule is taken out of the plan, and no preview precedes the deployment."""
    firewall = shell.clone / "podnet/plan/firewall.py"
    firewall.write_text(firewall.read_text() + RULES)
    held.count()
    refused_ = shell.try_("pulumi up --skip-preview --yes --non-interactive")

    assert refused_.returncode != 0
    assert "on paper no packet gets from pods of node-1 to " in refused_.stdout
    assert held.changes == []

    plan = shell.try_("pulumi preview --json --show-sames --non-interactive 2>/dev/null")
    with refused("plan-failed"):
        proved(plan.stdout)

    shell.run("pulumi config set podnet:unproved allow")
    allowed = shell.run("pulumi preview --json --show-sames --non-interactive 2>/dev/null")
    proof = proved(allowed)

    assert {verdict.failure.cause for verdict in proof.failed} == {"ingress"}

    shell.run("pulumi up --skip-preview --yes --non-interactive")

    assert "RunInstances" in held.changes

    with refused("plan-incomplete"):
        proved(shell.run("pulumi preview --json --non-interactive 2>/dev/null"))
    whole = shell.run("pulumi preview --json --show-sames --non-interactive 2>/dev/null")
    assert proved(whole).to_json() == proof.to_json()
