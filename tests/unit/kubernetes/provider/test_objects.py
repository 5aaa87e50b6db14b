"""What inputs say of an object: its kind, what changes it, and how much of it is as told."""

from __future__ import annotations

import pytest

from lab.engine.values import UNKNOWN
from lab.kubernetes.provider import configuration, objects
from lab.kubernetes.provider.api import Kind
from tests.unit.kubernetes.provider.conftest import (
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
    ("type_", "message"),
    [
        ("kubernetes:helm.sh/v3:Release", "single objects"),
        ("kubernetes:yaml/v2:ConfigFile", "single objects"),
        ("kubernetes:kustomize:Directory", "single objects"),
        ("kubernetes:core/v1:ConfigMapList", "nor makes lists"),
        ("kubernetes:core/v1:ConfigMapPatch", "neither patches"),
        ("aws:ec2/vpc:Vpc", "single objects"),
    ],
)
def test_what_is_more_or_less_than_an_object_is_refused(refused, type_, message):
    assert message in refused(objects.kind_of, type_)


@pytest.mark.parametrize(
    ("type_", "inputs", "message"),
    [
        (CONFIG_MAP, {"kind": "Secret"}, "kind Secret of a ConfigMap of v1"),
        (CONFIG_MAP, {"apiVersion": "v2"}, "apiVersion v2 of a ConfigMap of v1"),
        (CONFIG_MAP, {"metadata": {"generateName": "a-"}}, "generateName is not served"),
        (
            CONFIG_MAP,
            {"metadata": {"annotations": {"pulumi.com/waitFor": "x"}}},
            "pulumi.com/waitFor is not served by the lab, which heeds pulumi.com/skipAwait",
        ),
        (
            CONFIG_MAP,
            {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "1m"}}},
            "pulumi.com/timeoutSeconds is '1m'; it is a number of seconds",
        ),
        ("kubernetes:batch/v1:Job", {}, "a Job is not waited for in the lab: .* run to its end"),
        ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}, "no load balancers"),
    ],
)
def test_what_would_not_be_heeded_is_refused(provider, refused, type_, inputs, message):
    told = refused(provider().check, type_, inputs)

    assert all(part in told for part in message.split(" .* "))


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
    ("type_", "old", "new", "told"),
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
def test_a_change_is_an_update_unless_the_field_cannot_change(provider, type_, old, new, told):
    diff = provider().diff(type_, "", old, {}, new)

    assert (diff.changed, diff.replaces) == told


@pytest.mark.parametrize(
    ("new", "first"),
    [
        (plain(data={"a": "2"}), True),
        (plain({"name": "other"}), False),
        (plain({"namespace": "other"}), False),
        ({"metadata": {}, "data": {"a": "2"}}, False),
    ],
)
def test_what_keeps_its_name_is_deleted_before_it_is_made_anew(provider, new, first):
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


CONTAINERS = [
    {"name": "a", "image": "a:1", "resources": {"limits": {"cpu": "0.1"}}},
    {"name": "b", "image": "b:1"},
]


@pytest.mark.parametrize(
    ("recorded", "live", "told"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, {"a": 1}, id="what nobody asked for"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, id="another value"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, {"a": {"c": 2}}, id="taken away"),
        pytest.param({"a": {"b": 1}}, {}, {}, id="taken away whole"),
        pytest.param(
            {"a": False, "b": [], "c": {}, "d": ""},
            {},
            {"a": False, "b": [], "c": {}, "d": ""},
            id="what says nothing",
        ),
        pytest.param({"a": True}, {}, {}, id="a switch that is off now"),
        pytest.param(
            {"spec": {"containers": CONTAINERS}},
            {
                "spec": {
                    "containers": [
                        {**CONTAINERS[1], "terminationMessagePath": "/dev/termination-log"},
                        {"name": "c", "image": "c:1"},
                        {**CONTAINERS[0], "resources": {"limits": {"cpu": "100m"}}},
                    ]
                }
            },
            {"spec": {"containers": CONTAINERS}},
            id="named items among others",
        ),
        pytest.param(
            {"spec": {"containers": CONTAINERS}},
            {"spec": {"containers": CONTAINERS[:1]}},
            {"spec": {"containers": CONTAINERS[:1]}},
            id="a named item gone",
        ),
        pytest.param(
            {"list": [{"port": 1}, {"port": 2}]},
            {"list": [{"port": 1, "protocol": "TCP"}, {"port": 3}]},
            {"list": [{"port": 1}, {"port": 3}]},
            id="items by their places",
        ),
        pytest.param({"list": [1]}, {"list": [1, 2]}, {"list": [1, 2]}, id="one more"),
        pytest.param({"a": "1"}, {"a": "1000m"}, {"a": "1000m"}, id="no amount"),
    ],
)
def test_a_reading_tells_what_was_asked_for_as_it_is_now(recorded, live, told):
    assert objects.found(recorded, live) == told


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.1", "100m", True),
        ("1024Mi", "1Gi", True),
        (1, "1", True),
        ("1e3", "1k", True),
        ("1G", "1Gi", False),
        ("0.1", "101m", False),
        ("1x", "1y", False),
    ],
)
def test_an_amount_is_the_same_however_it_is_written(one, other, same):
    recorded = {"resources": {"requests": {"memory": one}}}

    assert (
        objects.found(recorded, {"resources": {"requests": {"memory": other}}}) == recorded
    ) is same


def test_a_secret_given_as_text_reads_back_as_text():
    recorded = {"stringData": {"a": "hush"}, "data": {"b": "aHVzaA=="}}

    assert objects.found(recorded, {"data": {"a": "aHVzaA==", "b": "aHVzaA=="}}) == recorded
    assert objects.found(recorded, {"data": {"a": "b3Blbg==", "b": "aHVzaA=="}}) == {
        **recorded,
        "stringData": {"a": "open"},
    }
