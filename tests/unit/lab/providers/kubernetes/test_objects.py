"""Inputs of an object: its kind, what changes it, and how much of it is as declared."""

from __future__ import annotations

import pytest

from podnet.lab.providers.kubernetes import configuration, objects
from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.protocol import UNKNOWN
from tests.unit.lab.providers.kubernetes.conftest import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    LABELS,
    NAMESPACE,
    SECRET,
)

POD = "kubernetes:core/v1:Pod"


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (NAMESPACE, ("v1", "Namespace")),
        (DAEMON_SET, ("apps/v1", "DaemonSet")),
        (CLUSTER_ROLE, ("rbac.authorization.k8s.io/v1", "ClusterRole")),
        ("kubernetes:v1:Service", ("v1", "Service")),
        ("kubernetes:example.com/v1alpha1:Thing", ("example.com/v1alpha1", "Thing")),
    ],
)
def test_a_type_says_its_kind(type_, kind):
    assert objects.kind_of(type_) == Kind(*kind)


@pytest.mark.parametrize(
    ("type_", "rule"),
    [
        ("kubernetes:helm.sh/v3:Release", "object-type-not-served"),
        ("kubernetes:yaml/v2:ConfigFile", "object-type-not-served"),
        ("kubernetes:kustomize:Directory", "object-type-not-served"),
        ("kubernetes:core/v1:ConfigMapList", "object-lists-not-served"),
        ("kubernetes:core/v1:ConfigMapPatch", "object-lists-not-served"),
        ("aws:ec2/vpc:Vpc", "object-type-not-served"),
    ],
)
def test_what_is_more_or_less_than_an_object_is_refused(refused, type_, rule):
    refused(rule, objects.kind_of, type_)


@pytest.mark.parametrize(
    ("type_", "inputs", "refusal"),
    [
        (CONFIG_MAP, {"kind": "Secret"}, ("object-kind-contradicts-type", "kind Secret")),
        (CONFIG_MAP, {"apiVersion": "v2"}, ("object-kind-contradicts-type", "apiVersion v2")),
        (
            CONFIG_MAP,
            {"metadata": {"generateName": "a-"}},
            ("generate-name-not-served", "generateName"),
        ),
        (
            CONFIG_MAP,
            {"metadata": {"annotations": {"pulumi.com/waitFor": "x"}}},
            ("annotation-not-served", "pulumi.com/skipAwait"),
        ),
        (
            CONFIG_MAP,
            {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "1m"}}},
            ("annotation-not-seconds", "'1m'"),
        ),
        ("kubernetes:batch/v1:Job", {}, ("object-not-awaited", "Job")),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"type": "LoadBalancer"}},
            ("object-not-awaited", "load balancers"),
        ),
    ],
)
def test_what_would_not_be_heeded_is_refused(provider, refused, type_, inputs, refusal):
    rule, value = refusal
    assert value in refused(rule, provider().check, type_, inputs)


@pytest.mark.parametrize(
    ("type_", "spec"),
    [("kubernetes:batch/v1:Job", {}), ("kubernetes:core/v1:Service", {"type": "LoadBalancer"})],
)
def test_what_is_not_waited_for_is_made_where_nobody_wants_to_wait(provider, type_, spec):
    inputs = {"spec": spec, "metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}

    assert provider().check(type_, inputs)["spec"] == spec


def test_what_is_not_known_yet_passes_the_check(provider):
    annotations = {"pulumi.com/timeoutSeconds": UNKNOWN, "other": UNKNOWN}
    for metadata in (
        UNKNOWN,
        {"name": UNKNOWN, "annotations": UNKNOWN},
        {"annotations": annotations},
    ):
        assert provider().check(CONFIG_MAP, {"metadata": metadata}) == {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
        }


def workload(selector=None, **spec):
    return {
        "metadata": {"name": "one", "namespace": "two"},
        "spec": {"selector": {"matchLabels": selector or LABELS}, "replicas": 1, **spec},
    }


def plain(metadata=None, **inputs):
    return {"metadata": {"name": "one", **(metadata or {})}, **inputs}


@pytest.mark.parametrize(
    ("type_", "old", "new", "expected"),
    [
        pytest.param(DEPLOYMENT, workload(), workload(), ((), ()), id="nothing"),
        pytest.param(DEPLOYMENT, workload(), workload(replicas=2), (("spec",), ()), id="replicas"),
        pytest.param(
            DEPLOYMENT,
            workload(),
            workload({"app": "x"}),
            (("spec",), ("spec",)),
            id="selector of a deployment",
        ),
        pytest.param(
            DAEMON_SET,
            workload(),
            workload({"app": "x"}),
            (("spec",), ("spec",)),
            id="selector of a daemon set",
        ),
        pytest.param(
            DAEMON_SET, workload(), workload(template=UNKNOWN), (("spec",), ()), id="not known yet"
        ),
        pytest.param(
            DAEMON_SET,
            workload(),
            {**workload(), "spec": UNKNOWN},
            (("spec",), ("spec",)),
            id="nothing of it known yet",
        ),
        pytest.param(
            POD,
            plain(spec={"nodeName": "a"}),
            plain(spec={"nodeName": "b"}),
            (("spec",), ("spec",)),
            id="pod",
        ),
        pytest.param(
            CONFIG_MAP,
            plain(data={"a": "1"}),
            plain(data={"a": "2"}),
            (("data",), ("data",)),
            id="data of a config map",
        ),
        pytest.param(
            SECRET,
            plain(stringData={"a": "1"}),
            plain(stringData={"a": "2"}),
            (("stringData",), ("stringData",)),
            id="data of a secret",
        ),
        pytest.param(
            SECRET,
            plain(type="Opaque"),
            plain(type="other"),
            (("type",), ("type",)),
            id="type of a secret",
        ),
        pytest.param(
            CONFIG_MAP, plain(), plain({"labels": {"a": "b"}}), (("metadata",), ()), id="labels"
        ),
        pytest.param(
            CONFIG_MAP,
            plain(),
            plain({"namespace": "default"}),
            ((), ()),
            id="the default namespace by its name",
        ),
        pytest.param(
            CONFIG_MAP,
            plain(),
            plain({"namespace": "other"}),
            (("metadata",), ("metadata",)),
            id="namespace",
        ),
        pytest.param(CONFIG_MAP, plain(), {"metadata": {}}, ((), ()), id="a name no longer given"),
        pytest.param(
            CLUSTER_ROLE.replace("Role", "RoleBinding"),
            plain(roleRef={"name": "a"}),
            plain(roleRef={"name": "b"}),
            (("roleRef",), ("roleRef",)),
            id="role of a binding",
        ),
    ],
)
def test_a_change_is_an_update_unless_the_field_cannot_change(provider, type_, old, new, expected):
    diff = provider().diff(type_, "", old, {}, new)

    assert (diff.changed, diff.replaces) == expected


@pytest.mark.parametrize(
    ("new", "first"),
    [
        (plain(data={"a": "2"}), True),
        (plain({"name": "other"}), False),
        (plain({"namespace": "other"}), False),
        ({"metadata": {}, "data": {"a": "2"}}, False),
    ],
)
def test_an_object_that_keeps_its_name_is_deleted_before_it_is_replaced(provider, new, first):
    diff = provider().diff(CONFIG_MAP, "", plain(data={"a": "1"}), {}, new)

    assert diff.replaces
    assert diff.delete_before_replace is first


@pytest.mark.parametrize(
    ("type_", "switch"), [(CONFIG_MAP, "enableConfigMapMutable"), (SECRET, "enableSecretMutable")]
)
def test_data_changes_in_place_where_the_provider_may(provider, type_, switch):
    old, new = plain(data={"a": "1"}), plain(data={"a": "2"})
    served = provider(**{switch: "true"})

    assert served.diff(type_, "", old, {}, new).replaces == ()
    assert served.diff(type_, "", {**old, "immutable": True}, {}, new).replaces == ("data",)


def test_another_default_namespace_moves_what_names_none(provider):
    assert provider(namespace="x").diff(
        CONFIG_MAP, "", plain({"namespace": "default"}), {}, plain()
    ).replaces == ("metadata",)
    assert configuration.Settings.of({"namespace": "x"}).namespace == "x"


def test_extensions_of_schemas_are_written_as_the_api_has_them():
    schema = {"properties": {"a": {"x_kubernetes_preserve_unknown_fields": True}}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}}
    kind = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")

    (found,) = objects.check(kind, {"spec": {"versions": [version]}})["spec"]["versions"]

    assert found["schema"]["openAPIV3Schema"]["properties"]["a"] == {
        "x-kubernetes-preserve-unknown-fields": True
    }
