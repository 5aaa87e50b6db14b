"""The whole program on moto by the embedded engine, where EC2 lists a new tag late."""

from __future__ import annotations

import pytest

from podnet.lab.engines.embedded import Engine, ProviderError, ResourceError
from podnet.lab.providers.aws import AwsProvider
from tests.refusals import refused
from tests.unit.lab.providers.aws.conftest import REGION

pytestmark = pytest.mark.slow
TAG = "aws:ec2/tag:Tag"


class Late(AwsProvider):
    """A provider that reads some of the tags back too early, as often as `early` says."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint, REGION, patience=3)
        self.early: dict[str, int] = {}
        self.message = "reading EC2 resource ({}) tag ({}): empty result"

    def create(self, type_, inputs, *rest):
        made = super().create(type_, inputs, *rest)
        key = inputs.get("key") if type_ == TAG else ""
        if self.early.get(key, 0):
            self.early[key] -= 1
            raise ProviderError(self.message.format(inputs["resourceId"], key), rule="test")
        return made


@pytest.fixture
def provider(endpoint):
    return Late(endpoint)


@pytest.fixture
def engine(project, provider, image):
    config = {
        "podnet:imageId": image,
        "podnet:sessionManager": "false",
        "podnet:nodeCount": "1",
        # Moto knows no default quotas, for which routes in the VPC would ask.
        "podnet:routing": "host-gw",
    }
    made = Engine(project, "dev", project.with_name("state.json"), {"aws": provider}, config=config)
    yield made
    provider.early.clear()
    made.destroy()


def test_a_first_deployment_ends_well_though_tags_are_listed_late(engine, provider):
    provider.early = {"podnet:routing": 1, "podnet:settled": 1}
    engine.up()

    assert provider.early == {"podnet:routing": 0, "podnet:settled": 0}
    assert engine.preview().counts.keys() <= {"same"}


def test_another_failure_of_a_tag_ends_a_deployment(engine, provider):
    provider.early, provider.message = {"podnet:routing": 1}, "UnauthorizedOperation"

    with refused("test", ResourceError):
        engine.up()
