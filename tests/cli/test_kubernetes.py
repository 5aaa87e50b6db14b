"""The Kubernetes plugin under the real Pulumi CLI, as far as it goes without a cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import Engine, EngineError, ResourceError
from podnet.lab.engines.pulumi.cli import PulumiCli
from podnet.lab.providers.aws import AwsProvider
from podnet.lab.providers.kubernetes import KubernetesProvider
from tests.cli.conftest import REGION
from tests.unit.lab.providers.kubernetes.conftest import kubeconfig

pytestmark = pytest.mark.cli

PRELUDE = """
import pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
"""
CLUSTER = f"""
kept = aws.ssm.Parameter("kept", type="SecureString", value={kubeconfig()!r})
found = aws.ssm.get_parameter_output(name=kept.name, with_decryption=True)
cluster = k8s.Provider("cluster", kubeconfig=found.value)
pulumi.export("kubeconfig", found.value)
"""
OBJECT = """
k8s.core.v1.ConfigMap("one", metadata={"name": "one"}, data={"a": "b"},
                      opts=pulumi.ResourceOptions(provider=cluster))
"""
NOWHERE = Path("/run/netns/lab-none")


@pytest.fixture
def small(tmp_path):
    """A project of a few lines."""
    directory = tmp_path / "small"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text(
        "name: small\nruntime:\n  name: python\n  options:\n    toolchain: pip\n"
        "    virtualenv: .venv\n"
    )
    (directory / ".venv").symlink_to(sys.prefix)

    def write(text):
        (directory / "__main__.py").write_text(PRELUDE + text)
        return directory

    return write


@pytest.fixture(params=["cli", "embedded"])
def deploy(request, small, tmp_path, endpoint):
    """Either engine, at a program; a cluster would be reached from a namespace that is not."""

    def make(text, namespace=NOWHERE):
        project = small(text)
        if request.param == "cli":
            return PulumiCli(
                project, "dev", tmp_path / "home", endpoint, REGION, namespace=namespace
            )
        provider = {
            "aws": AwsProvider(endpoint, REGION),
            "kubernetes": KubernetesProvider(namespace),
        }
        return Engine(project, "dev", tmp_path / "home" / "state.json", provider)

    return make


def steps(summary):
    return {(step.op, step.type, step.name) for step in summary.changes}


def test_a_cluster_that_is_yet_to_come_is_previewed(deploy):
    assert steps(deploy(CLUSTER + OBJECT).preview()) == {
        ("create", "pulumi:pulumi:Stack", "small-dev"),
        ("create", "aws:ssm/parameter:Parameter", "kept"),
        ("create", "pulumi:providers:kubernetes", "cluster"),
        ("create", "kubernetes:core/v1:ConfigMap", "one"),
    }


def test_a_kubeconfig_is_nowhere_in_clear(deploy, tmp_path):
    made = deploy(CLUSTER).up()
    secret = kubeconfig().partition("client-key-data: ")[2].split()[0].encode()

    assert made.outputs == {"kubeconfig": "[secret]"}
    assert deploy(CLUSTER).up().changes == ()
    kept = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert len(kept) > 1
    assert [file for file in kept if secret in file.read_bytes()] == []


def test_a_cluster_outside_of_a_lab_is_out_of_reach(deploy):
    with pytest.raises(
        ResourceError,
        match=r"ConfigMap one: .*namespace /run/netns/lab-none is "
        r"not there, and only from there",
    ):
        deploy(CLUSTER + OBJECT).up()


def test_without_a_namespace_no_kubeconfig_is_taken(deploy):
    with pytest.raises(EngineError, match="only taken for a cluster inside a lab"):
        deploy(CLUSTER + OBJECT, namespace=None).up()


def test_an_object_without_an_explicit_provider_is_refused_in_a_preview(deploy):
    with pytest.raises(ResourceError, match=r"ConfigMap one: .*an explicit provider"):
        deploy(OBJECT.replace("provider=cluster", "")).preview()


def test_what_is_not_served_is_refused_in_a_preview(deploy):
    job = OBJECT.replace("core.v1.ConfigMap", "batch.v1.Job").replace('data={"a": "b"}', "spec={}")

    with pytest.raises(ResourceError, match=r"Job one: .*a Job is not waited for in the lab"):
        deploy(
            CLUSTER.replace("kubeconfig=found.value", f"kubeconfig={kubeconfig()!r}") + job
        ).preview()
