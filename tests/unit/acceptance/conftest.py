"""The lab's API without machines, and the program deployed there as an acceptance run does it."""

from __future__ import annotations

import pytest

from podnet.acceptance.leftovers import Account
from podnet.acceptance.names import stack_of
from podnet.acceptance.steps import Wanted
from podnet.lab.clients import DEPLOYER, session
from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from tests.unit.acceptance.runs import cloud, go  # noqa: F401  # fixtures
from tests.unit.lab.cloud.conftest import ec2, endpoint, endpoints, image  # noqa: F401  # fixtures
from tests.unit.lab.stack.conftest import project  # noqa: F401  # a fixture

REGION = "eu-central-1"
RUN = "eu-central-1-0a1b2c"
OTHER = "eu-central-1-ffffff"


@pytest.fixture
def account(endpoint):  # noqa: F811
    """The account as whoever sweeps sees it: the API can refuse this key what a policy lacks."""
    of = session(REGION, DEPLOYER).client
    return Account(REGION, *(of(each, endpoint_url=endpoint) for each in ("ec2", "iam", "ssm")))


@pytest.fixture
def deploy(endpoint, project, image, tmp_path):  # noqa: F811
    """Deploys a run, or a stack of another name with the same settings."""

    def up(run=RUN, stack=None, **settings):
        name = stack or stack_of(run)
        wanted = Wanted(run=run, region=REGION, nodes=2, instance_type="t3.small", image_id=image)
        provider = AwsProvider(endpoint, REGION, patience=3)
        config = {**wanted.settings(), **settings}
        state = tmp_path / f"{name}.json"
        engine = Engine(project, name, state, {"aws": provider}, config=config)
        engine.up()
        return engine

    return up
