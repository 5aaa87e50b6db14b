"""The nightly job of docs/ci.md that finds what somebody else changed, with the real CLI."""

from __future__ import annotations

import shutil

import boto3
import pytest

from tests.cli.conftest import IMAGE, REGION
from tests.cli.shell import Shell
from tests.unit.docs.recipes import calls

pytestmark = pytest.mark.cli

(DRIFT,) = (call for call in calls("pulumi") if "--expect-no-changes" in call)


KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def shell(project, tmp_path, endpoint):
    shell = Shell(project, tmp_path / "user", endpoint)
    shutil.copy(project / "stacks/Pulumi.dev.yaml", project / "stacks/Pulumi.prod.yaml")
    shell.run("pulumi stack init prod")
    shell.run(f"pulumi config set podnet:imageId {IMAGE}; pulumi config set podnet:nodeCount 2")
    shell.run("pulumi up --skip-preview")
    return shell


def drift(shell):
    return shell.try_(" ".join(("pulumi", *DRIFT)))


def test_what_nodes_wrote_is_no_drift_and_a_route_that_is_gone_is(shell, ec2, endpoint):
    ssm = boto3.client("ssm", region_name=REGION, endpoint_url=endpoint, **KEYS)
    folder = "/podnet/organization/podnet/prod/nodes"
    written = ssm.get_parameters_by_path(Path=folder)["Parameters"]
    quiet = drift(shell)
    (table,) = {
        table["RouteTableId"]
        for table in ec2.describe_route_tables()["RouteTables"]
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == "10.1.1.0/24"
    }
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.1.1.0/24")
    loud = drift(shell)

    assert len([each for each in written if "routing" in each["Value"]]) == 2
    assert quiet.returncode == 0, quiet.stdout
    assert loud.returncode != 0
    assert "pod-routes-a-node-1" in loud.stdout
