"""What goes wrong, and what is then said."""

import pytest

from lab.errors import LabError
from lab.kubernetes.kubectl import NoCluster

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
    told = stack.node("node-2").run(
        "python3", "-c", READ, stack.region, stack.parameters.kubeconfig
    )

    assert "AccessDenied" in told
    assert "is not authorized to perform: ssm:GetParameter" in told
    assert stack.parameters.kubeconfig in told


def test_the_kubeconfig_is_asked_for_in_vain_before_there_is_a_cluster(stack):
    kept = stack.ssm.get_parameter(Name=stack.parameters.kubeconfig, WithDecryption=True)
    stack.ssm.put_parameter(Name=stack.parameters.kubeconfig, Value="none", Overwrite=True)
    try:
        with pytest.raises(NoCluster, match="does not exist yet"):
            stack.kubectl("get", "nodes")
    finally:
        stack.ssm.put_parameter(
            Name=stack.parameters.kubeconfig, Overwrite=True, Value=kept["Parameter"]["Value"]
        )

    assert len(stack.get("nodes")["items"]) == 3


def test_a_stack_without_kubernetes_has_no_kubectl(stack):
    with pytest.raises(LabError, match="stack lab has no Kubernetes here"):
        stack.podnet("kubectl", "--stack", "lab", "get", "nodes")
