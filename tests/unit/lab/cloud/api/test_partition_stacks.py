"""The whole program against the lab's API in each partition, as the policies of docs/iam allow."""

from __future__ import annotations

import json

import pytest

from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.engines.embedded import Engine
from podnet.lab.home import PROJECT
from podnet.lab.providers.aws import AwsProvider
from tests.unit.lab.providers.aws.conftest import client
from tests.unit.lab.stack.conftest import project  # noqa: F401  # a fixture
from tests.unit.lab.stack.test_cluster_program import STACK, ControlPlane

pytestmark = pytest.mark.slow

REGIONS = {"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}
CLUSTER = {
    "podnet:kubernetes": "kubeadm",
    "podnet:routing": "overlay",
    "podnet:clusterTimeoutSeconds": "60",
    "podnet:protectControlPlane": "false",
}


@pytest.fixture(autouse=True)
def enforced(endpoint):
    """Permit whoever deploys nothing but what the policy of docs/iam says."""
    policy = json.loads((PROJECT / "docs" / "iam" / "deployer.json").read_text())
    control.change(endpoint, Settings.of(policies=[policy]))
    yield
    control.change(endpoint, Settings())


def arns(found):
    """Every ARN in a value of whatever depth."""
    match found:
        case dict():
            return {arn for each in found.values() for arn in arns(each)}
        case list():
            return {arn for each in found for arn in arns(each)}
        case str() if found.startswith("arn:"):
            return {found}
    return set()


@pytest.fixture
def region(request, endpoint):
    """A region, in which what a control plane writes is written."""
    control_plane = ControlPlane(endpoint, request.param)
    control_plane.start()
    yield request.param
    control_plane.over.set()
    control_plane.join()


@pytest.mark.parametrize("region", REGIONS, indirect=True)
@pytest.mark.parametrize(("stack", "settings"), [("dev", {}), (STACK, CLUSTER)])
def test_a_stack_is_made_and_destroyed(endpoint, project, region, stack, settings):  # noqa: F811
    image = client(endpoint, "ec2", region).describe_images()["Images"][0]["ImageId"]
    provider = AwsProvider(endpoint, region, patience=3)
    state = project.with_name("state.json")
    config = {"aws:region": region, "podnet:imageId": image, "podnet:nodeCount": "2", **settings}
    engine = Engine(project, stack, state, {"aws": provider}, config=config)
    engine.up()
    made = arns(json.loads(state.read_text()))
    second = engine.up().changes
    engine.destroy()
    iam = client(endpoint, "iam", region)

    assert second == ()
    assert [arn for arn in made if not arn.startswith(f"arn:{REGIONS[region]}:")] == []
    assert [
        each["RoleName"] for each in iam.list_roles()["Roles"] if "nodes" in each["RoleName"]
    ] == []
