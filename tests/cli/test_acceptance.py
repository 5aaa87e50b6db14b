"""The acceptance run's own calls of the Pulumi CLI, at the lab's API."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from podnet.acceptance.commands import Podnet
from podnet.acceptance.deployment import PulumiStack
from podnet.acceptance.leftovers import Account, find
from podnet.acceptance.processes import Runner
from podnet.acceptance.run import check_instances, instances
from podnet.acceptance.steps import Wanted, steps
from podnet.lab.providers.aws.plugin import install as install_aws
from podnet.plan.routing import RoutingMode
from tests.cli.conftest import IMAGE, REGION

pytestmark = pytest.mark.cli

RUN = f"{REGION}-0a1b2c"
WANTED = Wanted(
    run=RUN,
    region=REGION,
    nodes=2,
    instance_type="t3.small",
    image_id=IMAGE,
    way=(RoutingMode.VPC_ROUTES, RoutingMode.OVERLAY),
)
SECONDS = 600.0


@pytest.fixture
def account(endpoint, tmp_path, monkeypatch):
    """What a user sets, at the lab's API."""
    install_aws(tmp_path / "pulumi")
    for name, value in {
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    return Account.of(REGION)


def files(project):
    skipped = ("__pycache__", ".venv")
    return {
        str(each): each.read_bytes()
        for each in project.rglob("*")
        if each.is_file() and not any(part in skipped for part in each.parts)
    }


def test_the_cli_deploys_switches_rolls_and_destroys(project, account, tmp_path):
    stack = PulumiStack(project, tmp_path / "work", RUN)
    log = tmp_path / "work" / "podnet.log"
    runner = Runner(folder=project, environment=os.environ, log=log)
    podnet = Podnet(runner, stack.identity, REGION)
    before = files(project)

    for step in steps(WANTED):
        former = instances(account, stack.identity)
        stack.up(step.settings, SECONDS)
        check_instances(step, former, instances(account, stack.identity), 2)
        assert podnet.proof(SECONDS)["holds"] is True
    assert find(account, RUN) != []
    stack.destroy(SECONDS)

    assert find(account) == []
    assert (
        account.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
        == []
    )
    assert files(project) == before
    assert stack.versions()["pulumi CLI"].startswith("v3.")


def test_a_deployment_that_is_interrupted_is_destroyed(project, account, tmp_path):
    """In mid-deployment: the CLI finishes what is in the making, records it, and removes it."""
    stack = PulumiStack(project, tmp_path / "work", RUN)

    def interrupt():
        while not find(account):
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        stack.up(next(steps(WANTED)).settings, SECONDS)
    made = {each.kind for each in find(account)}
    stack.destroy(SECONDS)

    assert made
    assert "instance" not in made
    assert find(account) == []
