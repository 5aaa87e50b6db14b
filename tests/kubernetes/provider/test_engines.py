"""A program with a cluster in it, by both engines: from its preview until nothing is left."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import boto3
import pytest

from podnet.lab.engines.embedded import Engine, ResourceError
from podnet.lab.engines.pulumi import plugins
from podnet.lab.engines.pulumi.cli import PulumiCli
from podnet.lab.images.programs.pulumi import ensure_kubernetes_provider
from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.kubernetes import KubernetesProvider
from podnet.lab.providers.kubernetes.api import Kind

pytestmark = pytest.mark.kubernetes

REGION = "eu-central-1"
PROGRAM = """
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s

kept = aws.ssm.Parameter("kept", name="/test/kubeconfig", type="SecureString", value="none",
                         opts=pulumi.ResourceOptions(ignore_changes=["value"]))
found = aws.ssm.get_parameter_output(name=kept.name, with_decryption=True)
cluster = k8s.Provider("cluster", kubeconfig=found.value, cluster_identifier="one",
                       enable_config_map_mutable=True)
under = pulumi.ResourceOptions(provider=cluster)
space = k8s.core.v1.Namespace("space", metadata={{"name": "story"}}, opts=under)
here = {{"namespace": space.metadata["name"]}}
account = k8s.core.v1.ServiceAccount("account", metadata={{"name": "flannel", **here}}, opts=under)
config = k8s.core.v1.ConfigMap("config", metadata={{"name": "config", **here}},
                               data={{"net-conf.json": "{mtu}"}}, opts=under)
word = k8s.core.v1.Secret("word", metadata={{"name": "word", **here}},
                          string_data={{"word": "hush-hush"}}, opts=under)
role = k8s.rbac.v1.ClusterRole("role", metadata={{"name": "story"}}, rules=[
    {{"api_groups": [""], "resources": ["nodes"], "verbs": ["get"]}}], opts=under)
k8s.rbac.v1.ClusterRoleBinding("binding", metadata={{"name": "story"}}, role_ref={{
    "api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole",
    "name": role.metadata["name"]}}, subjects=[{{
        "kind": "ServiceAccount", "name": account.metadata["name"], **here}}], opts=under)
labels = {{"app": "flannel"}}
daemon = k8s.apps.v1.DaemonSet("daemon", metadata={{"name": "daemon", **here}}, spec={{
    "selector": {{"match_labels": labels}}, "template": {{
        "metadata": {{"labels": labels, "annotations": {{"mtu": "{mtu}"}}}},
        "spec": {{"host_network": True, "tolerations": [{{"operator": "Exists"}}],
                 "service_account_name": account.metadata["name"],
                 "containers": [{{"name": "main", "image": "a:1", "volume_mounts": [
                     {{"name": "config", "mount_path": "/etc/config"}}]}}],
                 "volumes": [{{"name": "config", "config_map": {{
                     "name": config.metadata["name"]}}}}]}}}}}}, opts=under)
pulumi.export("available", daemon.status["number_available"])
"""
OBJECTS = {"space", "account", "config", "word", "role", "binding", "daemon"}


@pytest.fixture
def ssm(endpoint):
    return boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(params=["embedded", "cli", pytest.param("real", marks=pytest.mark.cli)])
def engine(request, tmp_path, endpoint, cluster, monkeypatch):
    """Either engine, and Pulumi's own Kubernetes provider, at the program with a number in it."""
    if request.param != "embedded" and shutil.which("pulumi") is None:
        pytest.skip("no `pulumi` on PATH")
    # Language hosts of the Go module proxy are older than the runtime options in Pulumi.yaml.
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    if request.param == "real":
        plugins.choose(tmp_path / "home", {"kubernetes": str(ensure_kubernetes_provider())})
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(
        "name: story\nruntime:\n  name: python\n  options:\n    toolchain: pip\n"
        "    virtualenv: .venv\n"
    )
    (project / ".venv").symlink_to(sys.prefix)

    def make(mtu=1450):
        (project / "__main__.py").write_text(PROGRAM.format(mtu=mtu))
        if request.param != "embedded":
            return PulumiCli(
                project, "dev", tmp_path / "home", endpoint, REGION, namespace=cluster.namespace
            )
        provider = {
            "aws": AwsProvider(endpoint, REGION),
            "kubernetes": KubernetesProvider(cluster.namespace, limit=60, patience=10),
        }
        return Engine(project, "dev", tmp_path / "home/state.json", provider)

    return make


def steps(summary):
    return {(step.op, step.name) for step in summary.changes}


def test_a_program_with_a_cluster_from_its_preview_to_its_end(
    engine, cluster, ssm, nodes, tmp_path
):
    planned = engine().preview()

    assert {name for op, name in steps(planned) if op == "create"} == {
        "story-dev",
        "kept",
        "cluster",
        *OBJECTS,
    }
    with pytest.raises(ResourceError, match="kubeconfig"):
        engine().up()  # the cluster has not written its kubeconfig yet
    ssm.put_parameter(Name="/test/kubeconfig", Value=cluster.kubeconfig, Overwrite=True)
    made = engine().up()

    assert {name for op, name in steps(made) if op == "create"} >= OBJECTS
    assert made.outputs == {"available": 1}
    _nothing_in_clear(cluster, tmp_path)
    assert engine().up().changes == ()
    assert {step for step in steps(engine().refresh()) if step != ("refresh", "kept")} == set()

    cluster.kubectl("delete", "configmap", "config", "-n", "story")
    cluster.kubectl(
        "patch",
        "clusterrole",
        "story",
        "--type=json",
        "-p",
        json.dumps([{"op": "replace", "path": "/rules/0/verbs", "value": ["delete"]}]),
    )

    assert steps(engine().refresh()) == {("delete", "config"), ("refresh", "role")}
    cluster.kubectl(
        "patch",
        "clusterrole",
        "story",
        "--type=json",
        "-p",
        json.dumps([{"op": "replace", "path": "/rules/0/verbs", "value": ["get"]}]),
    )
    engine().refresh()
    assert ("create", "config") in steps(engine().up())

    assert steps(engine(mtu=8951).up()) == {("update", "config"), ("update", "daemon")}
    assert _daemon(cluster)["status"]["observedGeneration"] == 2

    engine().destroy()

    assert _daemon(cluster) is None
    assert cluster.server().get(Kind("v1", "Namespace"), "story", None) is None
    role = Kind("rbac.authorization.k8s.io/v1", "ClusterRole")
    assert cluster.server().get(role, "story", None) is None


def _daemon(cluster):
    return cluster.server().get(Kind("apps/v1", "DaemonSet"), "daemon", "story")


def _nothing_in_clear(cluster, folder: Path) -> None:
    key = cluster.kubeconfig.partition("client-key-data: ")[2].split()[0].encode()
    files = [
        file
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and ".venv" not in file.parts
    ]
    assert len(files) > 2
    for file in files:
        content = file.read_bytes()
        assert key not in content, file
        assert b"aHVzaC1odXNo" not in content, file  # the word, as Kubernetes writes it
        assert b"hush-hush" not in content or file.name == "__main__.py", file
