"""The whole program on moto by the embedded engine, after its instances were changed by others."""

from __future__ import annotations

from operator import itemgetter

import pytest

from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from podnet.plan.tags import FILES, ROUTING
from tests.unit.lab.providers.aws.conftest import REGION

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(project, endpoint, image):
    """An engine that has deployed two nodes."""
    config = {
        "podnet:imageId": image,
        "podnet:sessionManager": "false",
        # Moto knows no default quotas, for which routes in the VPC would ask.
        "podnet:routing": "host-gw",
    }
    provider = AwsProvider(endpoint, REGION, patience=3)
    made = Engine(project, "dev", project.with_name("state.json"), {"aws": provider}, config=config)
    made.up()
    yield made
    made.destroy()


def tags_of(ec2, resource):
    own = [{"Name": "resource-id", "Values": [resource]}]
    return {tag["Key"] for tag in ec2.describe_tags(Filters=own)["Tags"]}


def stop(ec2, instance):
    ec2.stop_instances(InstanceIds=[instance])


def change_type(ec2, instance):
    stop(ec2, instance)
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "t3.large"})


def stop_and_start(ec2, instance):
    stop(ec2, instance)
    ec2.start_instances(InstanceIds=[instance])


@pytest.mark.parametrize("change", [stop, change_type, stop_and_start])
def test_an_instance_that_reads_back_otherwise_is_not_replaced(engine, ec2, change):
    instances = {name: node["instanceId"] for name, node in engine.outputs()["nodes"].items()}
    change(ec2, instances["node-1"])
    engine.refresh()
    before = engine.preview().counts

    assert {op: before.get(op, 0) for op in ("create", "replace", "delete")} == {
        "create": 0,
        "replace": 0,
        "delete": 0,
    }

    engine.up()

    nodes = engine.outputs()["nodes"]
    # The stack has no `aws:ignoreTags`, and a refresh reads the tags that change while nodes run.
    assert tags_of(ec2, instances["node-1"]) >= {FILES, ROUTING}
    assert dict(zip(nodes, map(itemgetter("instanceId"), nodes.values()), strict=True)) == instances
