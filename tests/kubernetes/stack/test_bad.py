"""What goes wrong, and what is then said."""

import json

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
    told = stack.node("node-2").run("python3", "-c", READ, stack.region,
                                    stack.parameters.kubeconfig)

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
        stack.ssm.put_parameter(Name=stack.parameters.kubeconfig, Overwrite=True,
                                Value=kept["Parameter"]["Value"])

    assert len(stack.get("nodes")["items"]) == 3


def test_a_stack_without_kubernetes_has_no_kubectl(stack):
    with pytest.raises(LabError, match="stack lab has no Kubernetes here"):
        stack.podnet("kubectl", "--stack", "lab", "get", "nodes")


def test_a_node_that_is_told_another_ca_does_not_join(stack):
    """The hash is changed while the control plane does not look, and a fourth node comes."""
    first = stack.node("node-1")
    kept = stack.ssm.get_parameter(Name=stack.parameters.join, WithDecryption=True)["Parameter"]
    told = json.loads(kept["Value"])
    forged = {**told, "caCertHash": f"sha256:{'0' * 64}"}
    first.run("systemctl", "stop", "podnet-control-plane")
    stack.ssm.put_parameter(Name=stack.parameters.join, Value=json.dumps(forged), Overwrite=True)
    # It waits for nothing of the cluster's: the nodes are as many as the control plane knows of.
    try:
        stack.ssm.put_parameter(Name=stack.parameters.settled, Value="4", Overwrite=True)
        stack.target.up({"podnet:nodeCount": "4"}, tell=False)
        said = stack.until(
            lambda: "join refused" in (words := _journal(stack, "node-4")) and words,
            "node-4 refuses to join")
    finally:
        first.run("systemctl", "start", "podnet-control-plane")
        grown = stack.up(nodeCount=4)
        shrunk = stack.up(nodeCount=3)

    assert "another CA than the one pinned" in said
    assert not grown.matrix.failed
    assert not shrunk.matrix.failed


def _journal(stack, name):
    try:
        return stack.node(name).run("journalctl", "-u", "podnet-kubernetes", "--no-pager")
    except (KeyError, LabError):
        return ""
