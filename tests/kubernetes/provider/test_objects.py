"""Objects of a real API server, through the provider alone."""

from __future__ import annotations

import json
import secrets
import threading

import pytest

from lab.engine.values import ProviderError
from lab.kubernetes.provider.api import Kind
from tests.unit.kubernetes.provider.conftest import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    NAMESPACE,
    SECRET,
)
from tests.unit.kubernetes.provider.pki import Authority

pytestmark = pytest.mark.kubernetes

DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


@pytest.fixture
def made(cluster):
    """Makes objects, and deletes them at the end, the newest first."""
    provider = cluster.provider()
    objects = []

    def make(type_, metadata, served=provider, **inputs):
        checked = served.check(type_, {"metadata": metadata, **inputs})
        token = secrets.token_hex(16)
        id_, outputs = served.create(type_, checked, token)
        objects.append((type_, id_, outputs))
        return id_, checked, outputs, token

    yield make
    for type_, id_, outputs in reversed(objects):
        provider.delete(type_, id_, outputs)


def daemon(name="one", image="a:1"):
    labels = {"app": name}
    return {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "tolerations": [{"operator": "Exists"}],
                "hostNetwork": False,
                "containers": [
                    {
                        "name": "main",
                        "image": image,
                        "resources": {"requests": {"cpu": "0.1", "memory": "1024Mi"}},
                    }
                ],
            },
        },
    }


def test_an_untouched_object_reads_back_what_was_asked_for(cluster, made, nodes):
    provider = cluster.provider()
    for type_, inputs in (
        (CONFIG_MAP, {"data": {"a": "1"}}),
        (SECRET, {"stringData": {"a": "hush"}, "type": "Opaque"}),
        (DAEMON_SET, {"spec": daemon()}),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"selector": {"app": "one"}, "ports": [{"port": 80, "targetPort": 8080}]}},
        ),
        (DEPLOYMENT, {"spec": {**daemon("two"), "replicas": 0}}),
    ):
        id_, checked, outputs, token = made(type_, {"name": "one"}, **inputs)
        found, told = provider.read(type_, id_, checked, outputs)

        assert found == checked
        assert told["metadata"]["uid"] == outputs["metadata"]["uid"]
        assert provider.find(type_, checked, token)[0] == id_
        assert provider.diff(type_, id_, found, told, checked).changed == ()


def test_what_somebody_changed_is_told_and_put_right(cluster, made):
    provider = cluster.provider()
    id_, checked, outputs, _ = made(CONFIG_MAP, {"name": "one"}, data={"a": "1", "b": "2"})
    cluster.kubectl(
        "patch",
        "configmap",
        "one",
        "--type=merge",
        "-p",
        json.dumps(
            {"data": {"a": "9", "b": None, "c": "3"}, "metadata": {"labels": {"theirs": "x"}}}
        ),
    )
    found, told = provider.read(CONFIG_MAP, id_, checked, outputs)

    assert found == {**checked, "data": {"a": "9"}}
    with pytest.raises(ProviderError, match='conflict with "kubectl-patch"'):
        provider.update(CONFIG_MAP, id_, found, told, checked)
    forced = {
        **checked,
        "metadata": {**checked["metadata"], "annotations": {"pulumi.com/patchForce": "true"}},
    }
    outputs = provider.update(CONFIG_MAP, id_, found, told, forced)
    assert outputs["data"] == {"a": "1", "b": "2", "c": "3"}
    assert outputs["metadata"]["labels"] == {"theirs": "x"}


def test_a_field_no_longer_asked_for_goes(cluster, made):
    provider = cluster.provider()
    id_, checked, outputs, _ = made(
        CONFIG_MAP, {"name": "one", "labels": {"a": "b"}}, data={"a": "1", "b": "2"}
    )
    newer = {**checked, "metadata": {"name": "one"}, "data": {"a": "1"}}
    outputs = provider.update(CONFIG_MAP, id_, checked, outputs, newer)

    assert outputs["data"] == {"a": "1"}
    assert "labels" not in outputs["metadata"]


def test_an_object_of_somebody_else_is_not_taken_over(cluster, made):
    cluster.kubectl("create", "configmap", "theirs", "--from-literal=a=theirs")

    with pytest.raises(ProviderError, match="default/theirs exists already"):
        made(CONFIG_MAP, {"name": "theirs"}, data={"a": "ours"})
    assert cluster.server().get(Kind("v1", "ConfigMap"), "theirs", "default")["data"] == {
        "a": "theirs"
    }
    cluster.kubectl("delete", "configmap", "theirs")


def test_a_daemon_set_is_waited_for_and_so_is_its_next_version(cluster, made, nodes):
    provider = cluster.provider()
    id_, checked, outputs, _ = made(DAEMON_SET, {"name": "one"}, spec=daemon())
    newer = {**checked, "spec": daemon(image="a:2")}
    again = provider.update(DAEMON_SET, id_, checked, outputs, newer)

    assert outputs["status"]["numberAvailable"] == 1
    assert again["status"]["observedGeneration"] == 2
    assert again["status"]["updatedNumberScheduled"] == again["status"]["numberAvailable"] == 1


def test_a_deployment_is_waited_for(cluster, made, nodes):
    # Nothing schedules here, so the pods say themselves where they are.
    spec = daemon()
    spec["template"]["spec"]["nodeName"] = "node-1"
    _, _, outputs, _ = made(DEPLOYMENT, {"name": "one"}, spec={**spec, "replicas": 2})

    assert outputs["status"]["availableReplicas"] == 2


def test_a_rollout_that_does_not_finish_tells_which_pods_and_why(cluster, nodes):
    provider = cluster.provider(limit=3)
    nodes.good = False
    inputs = provider.check(DAEMON_SET, {"metadata": {"name": "bad"}, "spec": daemon("bad")})

    with pytest.raises(
        ProviderError,
        match=(
            r"DaemonSet default/bad was not ready within 3 s: 0 of 1 pods are available\. "
            r"bad-\w+, on no node, Pending, main waits \(ErrImagePull: no such image\), Ready is "
            r"False \(ContainersNotReady: containers with unready status: \[main\]\)"
        ),
    ):
        provider.create(DAEMON_SET, inputs, secrets.token_hex(16))
    id_, outputs = provider.find(DAEMON_SET, inputs, secrets.token_hex(16))
    provider.delete(DAEMON_SET, id_, outputs)
    assert cluster.kubectl("get", "pods", "-o", "name") == ""


def test_a_namespace_is_gone_with_all_that_was_in_it(cluster):
    provider = cluster.provider()
    inputs = provider.check(NAMESPACE, {"metadata": {"name": "full"}})
    id_, outputs = provider.create(NAMESPACE, inputs, secrets.token_hex(16))
    cluster.kubectl("create", "configmap", "one", "-n", "full")
    provider.delete(NAMESPACE, id_, outputs)

    assert outputs["status"]["phase"] == "Active"
    assert "full" not in cluster.kubectl("get", "namespaces", "-o", "name")
    assert provider.read(NAMESPACE, id_, inputs, outputs) is None


def test_a_namespace_that_will_not_go_tells_what_holds_it(cluster):
    provider = cluster.provider(limit=20)
    inputs = provider.check(NAMESPACE, {"metadata": {"name": "held"}})
    id_, outputs = provider.create(NAMESPACE, inputs, secrets.token_hex(16))
    cluster.kubectl(
        "apply",
        "-f",
        "-",
        stdin=json.dumps(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": "one",
                    "namespace": "held",
                    "finalizers": ["example.com/held"],
                },
            }
        ),
    )

    with pytest.raises(
        ProviderError,
        match=r"Namespace held was not gone within 20 s: .*"
        r"SomeFinalizersRemain.*example.com/held",
    ):
        provider.delete(NAMESPACE, id_, outputs)
    cluster.kubectl(
        "patch",
        "configmap",
        "one",
        "-n",
        "held",
        "--type=merge",
        "-p",
        '{"metadata": {"finalizers": null}}',
    )
    cluster.provider().delete(NAMESPACE, id_, outputs)


def test_what_is_still_going_is_waited_for_before_it_is_made_anew(cluster, made):
    cluster.kubectl(
        "apply",
        "-f",
        "-",
        stdin=json.dumps(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "one", "finalizers": ["example.com/held"]},
            }
        ),
    )
    cluster.kubectl("delete", "configmap", "one", "--wait=false")
    let_go = threading.Timer(
        1,
        cluster.kubectl,
        ("patch", "configmap", "one", "--type=merge", "-p", '{"metadata": {"finalizers": null}}'),
    )
    let_go.start()

    assert made(CONFIG_MAP, {"name": "one"}, data={"a": "1"})[2]["data"] == {"a": "1"}
    let_go.join()


def test_a_kind_of_ones_own_is_served_as_soon_as_it_is_defined(cluster):
    provider, thing = cluster.provider(), "kubernetes:example.com/v1:Thing"
    definition = provider.check(
        DEFINITION,
        {
            "metadata": {"name": "things.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Cluster",
                "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {
                            "openAPIV3Schema": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            }
                        },
                    }
                ],
            },
        },
    )
    id_, outputs = provider.create(DEFINITION, definition, secrets.token_hex(16))
    inputs = provider.check(thing, {"metadata": {"name": "one"}, "spec": {"size": 1}})
    thing_id, told = provider.create(thing, inputs, secrets.token_hex(16))

    assert provider.read(DEFINITION, id_, definition, outputs)[0] == definition
    assert provider.read(thing, thing_id, inputs, told)[0] == inputs
    provider.delete(DEFINITION, id_, outputs)
    assert cluster.provider().read(thing, thing_id, inputs, told) is None


def test_a_manifest_that_is_wrong_is_refused_in_the_api_servers_words(made):
    with pytest.raises(ProviderError, match=r"spec\.template\.spec\.containers: Required value"):
        made(
            DEPLOYMENT,
            {"name": "bad"},
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {}},
            },
        )


def test_an_object_in_a_namespace_that_is_not_there_says_so(made):
    with pytest.raises(ProviderError, match='namespaces "nowhere" not found'):
        made(CONFIG_MAP, {"name": "one", "namespace": "nowhere"}, data={"a": "b"})


def test_a_user_who_may_not_is_told(cluster, made):
    visitor = cluster.provider(kubeconfig=cluster.kubeconfig_of("visitor"))

    with pytest.raises(ProviderError, match='User "visitor" cannot get resource "configmaps"'):
        made(CONFIG_MAP, {"name": "one"}, visitor, data={"a": "b"})


def test_a_kubeconfig_of_another_cluster_is_told_apart(cluster):
    other = cluster.provider(kubeconfig=cluster.kubeconfig_of("admin", Authority()))

    with pytest.raises(ProviderError, match="is not the cluster of the kubeconfig"):
        other.read(CONFIG_MAP, "default/one", {}, {})
