"""The plan of the whole program as the embedded engine writes it, before and after a deployment."""

import json

import pytest

from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from podnet.verify import plan_file
from podnet.world.plan.file import UNKNOWN
from tests.unit.lab.providers.aws.conftest import REGION

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(project, endpoint, image):
    """An engine for a stack of two nodes."""

    def made(**settings):
        config = {
            "podnet:imageId": image,
            "podnet:nodeCount": "2",
            "podnet:sessionManager": "false",
            # Moto knows no default quotas, for which routes in the VPC would ask.
            "podnet:routing": "host-gw",
            **{f"podnet:{name}": value for name, value in settings.items()},
        }
        provider = AwsProvider(endpoint, REGION, patience=3)
        state = project.with_name("state.json")
        return Engine(project, "dev", state, {"aws": provider}, config=config)

    yield made
    made().destroy()


def text_of(engine):
    return json.dumps(engine.plan())


def inputs(text, kind):
    steps = json.loads(text)["steps"]
    return [
        step["newState"]["inputs"]
        for step in steps
        if step["op"] != "delete" and step["newState"]["type"].endswith(f":{kind}")
    ]


def test_a_plan_is_proved_before_and_after_the_deployment_and_for_a_switch(engine):
    before = text_of(engine())

    assert plan_file.subject(before, "before").prove().holds
    assert {each["vpcId"] for each in inputs(before, "Subnet")} == {UNKNOWN}
    assert json.loads(before)["config"]["podnet:routing"] == "host-gw"
    assert set(json.loads(before)["changeSummary"]) == {"create"}

    engine().up()
    after = text_of(engine())

    assert plan_file.subject(after, "after").prove().holds
    assert UNKNOWN not in after
    assert set(json.loads(after)["changeSummary"]) == {"same"}
    assert len(json.loads(after)["steps"]) == len(json.loads(before)["steps"])

    switch = text_of(engine(routing="overlay", nodeCount="3"))

    assert plan_file.subject(switch, "switch").prove().holds
    assert set(json.loads(switch)["changeSummary"]) == {"same", "create", "update", "delete"}
    assert "firewall-in-pods" in {
        step["urn"].rpartition("::")[2]
        for step in json.loads(switch)["steps"]
        if step["op"] == "delete" and "newState" not in step
    }
