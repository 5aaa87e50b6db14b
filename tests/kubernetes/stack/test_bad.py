"""Refusals and failures of a stack with a cluster."""

import pytest

from podnet.lab.kubernetes.kubectl import NoClusterError
from tests.refusals import refused

pytestmark = pytest.mark.kubernetes

READ = """
import boto3, sys
from botocore.exceptions import ClientError
try:
    boto3.client("ssm", region_name=sys.argv[1]).get_parameter(Name=sys.argv[2])
    print("read")
except ClientError as error:
    print(error)
"""


def test_nobody_but_the_deployer_reads_the_administrators_kubeconfig(stack):
    output = stack.node("node-2").run(
        "python3", "-c", READ, stack.lab_stack.region, stack.parameters.kubeconfig
    )

    assert "AccessDenied" in output
    assert "is not authorized to perform: ssm:GetParameter" in output
    assert stack.parameters.kubeconfig in output


def test_the_kubeconfig_is_asked_for_in_vain_before_there_is_a_cluster(stack):
    before = stack.ssm.get_parameter(Name=stack.parameters.kubeconfig, WithDecryption=True)
    stack.ssm.put_parameter(Name=stack.parameters.kubeconfig, Value="none", Overwrite=True)
    try:
        with refused("cluster-not-created", NoClusterError):
            stack.kubectl("get", "nodes")
    finally:
        stack.ssm.put_parameter(
            Name=stack.parameters.kubeconfig, Overwrite=True, Value=before["Parameter"]["Value"]
        )

    assert len(stack.get("nodes")["items"]) == 3


def test_a_stack_that_is_not_deployed_has_no_kubectl(stack):
    with refused("stack-not-deployed"):
        stack.podnet("kubectl", "--stack", "lab", "get", "nodes")
