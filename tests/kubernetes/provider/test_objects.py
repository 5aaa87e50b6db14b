"""Objects of a real API server, through the provider alone."""

from __future__ import annotations

import json
import re
import secrets
import threading

import pytest

from podnet.lab.providers.kubernetes.api import Kind, RefusedError
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.kubernetes.conftest import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    NAMESPACE,
    SECRET,
)

pytestmark = pytest.mark.kubernetes

DEFINITION = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"


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
        found, current = provider.read(type_, id_, checked, outputs)

        assert found == checked
        assert current["metadata"]["uid"] == outputs["metadata"]["uid"]
        assert provider.find(type_, checked, token, "one")[0] == id_
        assert provider.diff(type_, id_, found, current, checked).changed == ()


def test_what_somebody_changed_is_reported_and_put_right(cluster, made):
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
    found, current = provider.read(CONFIG_MAP, id_, checked, outputs)

    assert found == {**checked, "data": {"a": "9"}}
    with refused("api-server-refused", RefusedError) as caught:
        provider.update(CONFIG_MAP, id_, found, current, checked)
    assert 'conflict with "kubectl-patch"' in str(caught.value)
    forced = {
        **checked,
        "metadata": {**checked["metadata"], "annotations": {"pulumi.com/patchForce": "true"}},
    }
    outputs = provider.update(CONFIG_MAP, id_, found, current, forced)
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

    with refused("object-exists", ProviderError) as caught:
        made(CONFIG_MAP, {"name": "theirs"}, data={"a": "ours"})

    assert "default/theirs" in str(caught.value)
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


def test_a_rollout_that_does_not_finish_names_its_pods_and_reasons(cluster, nodes):
    provider = cluster.provider(limit=3)
    nodes.good = False
    inputs = provider.check(DAEMON_SET, {"metadata": {"name": "bad"}, "spec": daemon("bad")})

    with refused("object-not-ready", ProviderError) as caught:
        provider.create(DAEMON_SET, inputs, secrets.token_hex(16), "one")
    assert re.search(
        r"DaemonSet default/bad .* within 3 s: 0 of 1 pods are available\. "
        r"bad-\w+, on no node, Pending, main waits \(ErrImagePull: no such image\), Ready is "
        r"False \(ContainersNotReady: containers with unready status: \[main\]\)",
        str(caught.value),
    )
    id_, outputs = provider.find(DAEMON_SET, inputs, secrets.token_hex(16), "one")
    provider.delete(DAEMON_SET, id_, outputs)
    assert cluster.kubectl("get", "pods", "-o", "name") == ""


def test_a_namespace_is_gone_with_all_that_was_in_it(cluster):
    provider = cluster.provider()
    inputs = provider.check(NAMESPACE, {"metadata": {"name": "full"}})
    id_, outputs = provider.create(NAMESPACE, inputs, secrets.token_hex(16), "one")
    cluster.kubectl("create", "configmap", "one", "-n", "full")
    provider.delete(NAMESPACE, id_, outputs)

    assert outputs["status"]["phase"] == "Active"
    assert "full" not in cluster.kubectl("get", "namespaces", "-o", "name")
    assert provider.read(NAMESPACE, id_, inputs, outputs) is None


def test_a_namespace_that_will_not_go_names_what_holds_it(cluster):
    provider = cluster.provider(limit=20)
    inputs = provider.check(NAMESPACE, {"metadata": {"name": "held"}})
    id_, outputs = provider.create(NAMESPACE, inputs, secrets.token_hex(16), "one")
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

    with refused("object-deletion-timed-out", ProviderError) as caught:
        provider.delete(NAMESPACE, id_, outputs)
    assert re.search(r"Namespace held .*SomeFinalizersRemain.*example.com/held", str(caught.value))
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


def test_an_object_that_is_still_going_is_waited_for_before_it_is_created_again(cluster, made):
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
    id_, outputs = provider.create(DEFINITION, definition, secrets.token_hex(16), "one")
    inputs = provider.check(thing, {"metadata": {"name": "one"}, "spec": {"size": 1}})
    thing_id, current = provider.create(thing, inputs, secrets.token_hex(16), "one")

    assert provider.read(DEFINITION, id_, definition, outputs)[0] == definition
    assert provider.read(thing, thing_id, inputs, current)[0] == inputs
    provider.delete(DEFINITION, id_, outputs)
    assert cluster.provider().read(thing, thing_id, inputs, current) is None
