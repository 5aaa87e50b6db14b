"""Two projects with a stack of one name in one account, by the embedded engine on moto."""

from __future__ import annotations

import shutil

import pytest

from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from tests.unit.lab.providers.aws.conftest import REGION

pytestmark = pytest.mark.slow


@pytest.fixture
def engines(project, endpoint, image, tmp_path):
    """Of the project podnet and of another; each has a stack `dev`."""
    other = tmp_path / "other" / "project"
    shutil.copytree(project, other)
    file = other / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: podnet\n", "name: other\n"))
    config = {
        "podnet:imageId": image,
        "podnet:nodeCount": "1",
        "podnet:sessionManager": "false",
        # Moto knows no default quotas, for which routes in the VPC would ask.
        "podnet:routing": "host-gw",
    }
    return [
        Engine(
            folder,
            "dev",
            folder.with_name("state.json"),
            {"aws": AwsProvider(endpoint, REGION, patience=3)},
            config=config,
        )
        for folder in (project, other)
    ]


def test_two_projects_with_a_stack_of_one_name_never_see_each_other(engines, ec2):
    ours, theirs = engines
    ours.up()
    instance = ours.outputs()["nodes"]["node-1"]["instanceId"]
    made = theirs.up()
    theirs.destroy()

    assert {step.op for step in made.changes} == {"create"}
    # What our node said, which no deployment minds.
    assert {each.name for each in ours.refresh().changes} == {"acknowledgements-a-node-1"}
    assert ours.up().changes == ()
    assert ours.outputs()["nodes"]["node-1"]["instanceId"] == instance
    ours.destroy()
    tagged = [{"Name": "tag-key", "Values": ["podnet:stack"]}]
    assert ec2.describe_vpcs(Filters=tagged)["Vpcs"] == []
