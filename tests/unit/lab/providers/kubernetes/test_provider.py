"""Objects from creation to deletion: what is waited for, and what a failure reports."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from podnet.lab.providers.kubernetes import KubernetesProvider, configuration
from podnet.lab.providers.kubernetes.api import Kind
from tests.unit.lab.providers.kubernetes.conftest import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    SPEC,
    kubeconfig,
)


def asking(**annotations):
    return {
        "name": "one",
        "annotations": {f"pulumi.com/{name}": value for name, value in annotations.items()},
    }


def test_an_object_is_applied_read_changed_and_gone(api, provider, make):
    id_, inputs, outputs = make(CONFIG_MAP, data={"a": "1"})
    served = provider()

    assert id_ == "default/one"
    assert outputs["metadata"]["uid"] == "uid-1"
    assert "managedFields" not in outputs["metadata"]
    assert served.read(CONFIG_MAP, id_, inputs, outputs) == (inputs, outputs)
    newer = {**inputs, "data": {"a": "2"}}
    assert served.update(CONFIG_MAP, id_, inputs, outputs, newer)["data"] == {"a": "2"}
    served.delete(CONFIG_MAP, id_, outputs)
    assert served.read(CONFIG_MAP, id_, inputs, outputs) is None
    served.delete(CONFIG_MAP, id_, outputs)
    assert [call[0] for call in api.calls] == ["apply", "apply", "delete"]


def test_a_name_that_is_not_given_is_made_of_the_resources_and_the_token(provider, api):
    served, token = provider(), secrets.token_hex(16)
    inputs = served.check(CONFIG_MAP, {"data": {"a": "1"}})
    id_, outputs = served.create(CONFIG_MAP, inputs, token, "one")

    assert id_ == f"default/one-{token[:8]}"
    assert served.find(CONFIG_MAP, inputs, token, "one") == (id_, outputs)
    assert served.find(CONFIG_MAP, inputs, "0" * 32, "one") is None


def test_an_object_is_in_its_own_namespace_or_that_of_the_provider_or_in_none(
    provider, make, refused
):
    assert make(CONFIG_MAP, {"name": "a", "namespace": "b"})[0] == "b/a"
    assert make(CONFIG_MAP, {"name": "a"}, provider(namespace="c"))[0] == "c/a"
    assert make(CLUSTER_ROLE, {"name": "a"})[0] == "a"
    refused("object-not-namespaced", make, CLUSTER_ROLE, {"name": "a", "namespace": "b"})


def test_an_object_of_somebody_else_is_not_taken_over_unless_that_is_asked(
    api, provider, make, refused
):
    api.put(Kind("v1", "ConfigMap"), "default", "one", manager="kubectl", data={"a": "theirs"})

    report = refused("object-exists", make, CONFIG_MAP)

    assert "ConfigMap default/one" in report
    assert provider().find(CONFIG_MAP, {"metadata": {"name": "one"}}, "0" * 32, "one") is None
    assert make(CONFIG_MAP, served=provider(upsertExistingObjects="true"))[0] == "default/one"


def test_what_an_interrupted_run_made_is_found_and_what_is_going_is_not(api, provider, make):
    id_, inputs, outputs = make(CONFIG_MAP)
    api.lasting = 10

    assert provider().find(CONFIG_MAP, inputs, "0" * 32, "one") == (id_, outputs)
    api.delete(Kind("v1", "ConfigMap"), "one", "default", "Foreground")
    assert provider().find(CONFIG_MAP, inputs, "0" * 32, "one") is None


def test_an_object_that_is_still_going_is_waited_for_before_it_is_created_again(api, make):
    _, _, first = make(CONFIG_MAP)
    api.lasting = 3
    api.delete(Kind("v1", "ConfigMap"), "one", "default", "Foreground")

    _, _, second = make(CONFIG_MAP)

    assert first["metadata"]["uid"] != second["metadata"]["uid"]


def test_an_update_of_what_is_gone_says_so(provider, refused):
    assert "ConfigMap default/one" in refused(
        "object-gone",
        provider().update,
        CONFIG_MAP,
        "default/one",
        {},
        {},
        {"metadata": {"name": "one"}},
    )


@pytest.mark.parametrize(
    ("asked", "force"),
    [
        (({"name": "one"}, {}), False),
        ((asking(patchForce="true"), {}), True),
        (({"name": "one"}, {"enablePatchForce": True}), True),
    ],
)
def test_fields_of_others_are_taken_only_by_force(api, provider, make, asked, force):
    metadata, settings = asked
    make(CONFIG_MAP, metadata, provider(**settings))

    assert api.calls == [("apply", "ConfigMap", force)]


def test_a_deletion_waits_until_the_object_is_gone(api, provider, make):
    id_, _, outputs = make(CONFIG_MAP)
    api.lasting = 5
    provider(limit=5).delete(CONFIG_MAP, id_, outputs)

    assert api.objects == {}
    assert api.calls[-1] == ("delete", "ConfigMap", "Foreground")


def test_an_object_with_its_name_that_somebody_made_meanwhile_is_another_one(
    api, provider, make, monkeypatch
):
    id_, _, outputs = make(CONFIG_MAP)

    def replaced(kind, name, namespace, _):
        del api.objects[kind, namespace, name]
        api.put(kind, namespace, name)

    monkeypatch.setattr(api, "delete", replaced)
    provider().delete(CONFIG_MAP, id_, outputs)

    assert len(api.objects) == 1


def test_how_dependents_go_is_for_an_annotation_to_say(api, provider, make):
    id_, _, outputs = make(
        DEPLOYMENT, asking(deletionPropagationPolicy="orphan", skipAwait="true"), spec=SPEC
    )
    provider().delete(DEPLOYMENT, id_, outputs)

    assert api.calls[-1] == ("delete", "Deployment", "Orphan")


def test_a_deletion_that_does_not_end_reports_what_remains(api, provider, make, refused):
    id_, _, outputs = make(NAMESPACE)
    api.lasting = 10**6
    live = api.objects[Kind("v1", "Namespace"), None, "one"]
    live["spec"] = {"finalizers": ["kubernetes"]}
    live["status"] = {
        "phase": "Terminating",
        "conditions": [
            {
                "type": "NamespaceContentRemaining",
                "status": "True",
                "reason": "SomeResourcesRemain",
                "message": "pods. has 1 resource instances",
            },
            {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "reason": "Fine"},
        ],
    }

    assert refused("object-deletion-timed-out", provider().delete, NAMESPACE, id_, outputs) == (
        "Namespace one was not gone within 0.2 s: SomeResourcesRemain: pods. has 1 resource "
        "instances; it has the finalizers kubernetes"
    )


def test_what_goes_with_its_definition_is_gone(api, provider, make):
    thing = "kubernetes:example.com/v1:Thing"
    id_, inputs, outputs = make(thing)
    api.unserved.add("Thing")

    assert provider().read(thing, id_, inputs, outputs) is None
    provider().delete(thing, id_, outputs)


def test_without_its_cluster_nothing_is_deleted_unless_it_may_be_forgotten(
    api, provider, make, refused
):
    id_, inputs, outputs = make(CONFIG_MAP)
    api.down = True

    refused("cluster-unreachable-at-deletion", provider().delete, CONFIG_MAP, id_, outputs)
    refused("api-server-unreachable", provider().read, CONFIG_MAP, id_, inputs, outputs)
    provider(deleteUnreachable="true").delete(CONFIG_MAP, id_, outputs)


def test_functions_are_refused(provider, refused):
    assert "kubernetes:yaml:decode" in refused(
        "kubernetes-function-not-served", provider().invoke, "kubernetes:yaml:decode", {}
    )


def test_the_namespace_that_one_is_in_anyway_is_refused(refused):
    served = KubernetesProvider(
        Path("/proc/self/ns/net"),
        connect=lambda *_: pytest.fail("connected"),
    ).with_configuration(configuration.TYPE, {"kubeconfig": kubeconfig()})

    refused("lab-namespace-is-the-host", served.read, CONFIG_MAP, "default/a", {}, {})


def test_a_connection_is_made_once(provider, api):
    connected = []
    served = KubernetesProvider(
        Path("/run/netns/none"),
        connect=lambda *given: connected.append(given) or api,
    ).with_configuration(configuration.TYPE, {"kubeconfig": kubeconfig()})
    for _ in range(2):
        served.read(CONFIG_MAP, "default/a", {}, {})

    ((access, namespace, _),) = connected
    assert (access.server, namespace) == ("https://203.0.113.9:6443", Path("/run/netns/none"))
