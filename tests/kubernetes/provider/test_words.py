"""What is said of workloads that never get ready, by the lab's provider and by Pulumi's own."""

from __future__ import annotations

import json
import re
import sys

import pytest

from podnet.lab.engines.errors import ResourceError
from podnet.lab.engines.pulumi import plugins
from podnet.lab.engines.pulumi.cli import PulumiCli
from podnet.lab.images.programs.pulumi import ensure_kubernetes_provider

pytestmark = [pytest.mark.kubernetes, pytest.mark.cli]

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s

cluster = k8s.Provider("cluster", kubeconfig=open("kubeconfig").read(), cluster_identifier="one")
under = pulumi.ResourceOptions(provider=cluster)
later = {later}


def workload(kind, name, image, **more):
    # Alone in its namespace, since events of a neighbour clear what Pulumi's provider has heard.
    space = k8s.core.v1.Namespace(name, metadata={{"name": name}}, opts=under)
    labels = {{"app": name}}
    pods = {{"containers": [{{"name": "main", "image": image}}]}}
    pods |= {{"tolerations": [{{"operator": "Exists"}}]}}
    if kind is k8s.apps.v1.Deployment:
        pods["node_name"] = "node-1"  # nothing schedules here
    kind(name, opts=under, metadata={{
        "name": name, "namespace": space.metadata["name"],
        "annotations": {{"pulumi.com/timeoutSeconds": "8"}}}}, spec={{
        "selector": {{"match_labels": labels}}, **more,
        "template": {{"metadata": {{"labels": labels}}, "spec": pods}}}})


workload(k8s.apps.v1.Deployment, "next", "pulling:1" if later else "good:1")
if later:
    workload(k8s.apps.v1.Deployment, "pulling", "pulling:1")
    workload(k8s.apps.v1.Deployment, "ending", "ending:1", replicas=2)
    workload(k8s.apps.v1.Deployment, "late", "pulling:1", progress_deadline_seconds=1)
    workload(k8s.apps.v1.DaemonSet, "daemon", "pulling:1")
"""
WORKLOADS = {"next", "pulling", "ending", "late", "daemon"}


@pytest.fixture
def said(tmp_path, cluster, endpoint, nodes, monkeypatch):
    """What a provider says in two deployments and a refresh, by the name of each workload."""
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)

    def say(provider):
        folder = tmp_path / provider
        project, home = folder / "project", folder / "home"
        project.mkdir(parents=True)
        (project / "Pulumi.yaml").write_text("name: story\nruntime: python\n")
        (project / ".venv").symlink_to(sys.prefix)
        (project / "kubeconfig").write_text(cluster.kubeconfig)
        if provider == "real":
            plugins.choose(home, {"kubernetes": str(ensure_kubernetes_provider())})
        engine = PulumiCli(
            project, "dev", home, endpoint, "eu-central-1", namespace=cluster.namespace
        )
        try:
            (project / "__main__.py").write_text(PROGRAM.format(later=False))
            engine.up()
            (project / "__main__.py").write_text(PROGRAM.format(later=True))
            with pytest.raises(ResourceError, match="become live"):
                engine.up()
            first = errors(home)
            engine.refresh()
            return first, errors(home)
        finally:
            engine.destroy()

    return say


def errors(home):
    """The errors that the state has of each workload."""
    (file,) = (home / "backend/.pulumi/stacks/story").glob("*.json")
    resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
    return {
        each["urn"].rpartition("::")[2]: sorted(
            normal(line, each) for line in each["initErrors"] if not is_own(line)
        )
        for each in resources
        if each.get("initErrors")
    }


def is_own(line):
    """Whether the lab adds a line of its own, which says more."""
    return re.match(r"\w+ \w+/\w+ was not ready within 8 s: ", line) is not None


def normal(line, resource):
    """Without what is drawn; the lab's provider knows a resource by its id."""
    return re.sub(r"-[a-z0-9]{5}\b", "-DRAWN", line.replace(resource["urn"], resource["id"]))


def test_both_providers_say_the_same_of_what_never_gets_ready(said):
    real, lab = said("real"), said("lab")

    assert real[0].keys() == real[1].keys() == WORKLOADS
    assert lab == real
