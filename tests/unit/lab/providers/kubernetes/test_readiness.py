"""When an object is ready, by its controller's report."""

from __future__ import annotations

import pytest

from podnet.lab.providers.kubernetes import readiness
from tests.refusals import refused

DONE = {
    "observedGeneration": 2,
    "replicas": 3,
    "updatedReplicas": 3,
    "readyReplicas": 3,
    "availableReplicas": 3,
}
SPREAD = {
    "observedGeneration": 2,
    "desiredNumberScheduled": 3,
    "currentNumberScheduled": 3,
    "updatedNumberScheduled": 3,
    "numberReady": 3,
    "numberAvailable": 3,
}
UNSEEN = "its controller has not seen the change"


def live(kind, status=None, version="apps/v1", spec=None, annotations=None):
    return {
        "apiVersion": version,
        "kind": kind,
        "status": status or {},
        "spec": spec or {},
        "metadata": {"generation": 2, "annotations": annotations or {}},
    }


def three(**status):
    return live("Deployment", {**DONE, **status}, spec={"replicas": 3})


def set_of(spec=None, **status):
    return live("StatefulSet", {**DONE, **status}, spec={"replicas": 3, **(spec or {})})


def condition(type_, status, **more):
    return {
        "conditions": [
            {"type": "Other", "status": "False"},
            {"type": type_, "status": status, **more},
        ]
    }


DEFINITION = "apiextensions.k8s.io/v1"


@pytest.mark.parametrize(
    ("thing", "lacking"),
    [
        (three(), ""),
        (three(observedGeneration=1), UNSEEN),
        (three(updatedReplicas=1), "1 of 3 pods are of the new version"),
        (three(replicas=4), "1 pods of the previous version are still there"),
        (three(availableReplicas=2), "2 of 3 pods are available"),
        (
            live("Deployment", {"observedGeneration": 2, "updatedReplicas": 1, "replicas": 1}),
            "0 of 1 pods are available",
        ),
        (live("Deployment", {"observedGeneration": 2}, spec={"replicas": 0}), ""),
        (live("DaemonSet", SPREAD), ""),
        (live("DaemonSet"), UNSEEN),
        (live("DaemonSet", {**SPREAD, "observedGeneration": 1}), UNSEEN),
        (
            live("DaemonSet", {**SPREAD, "updatedNumberScheduled": 2}),
            "2 of 3 pods are of the new version",
        ),
        (live("DaemonSet", {**SPREAD, "numberAvailable": 0}), "0 of 3 pods are available"),
        (live("DaemonSet", {"observedGeneration": 2, "desiredNumberScheduled": 0}), ""),
        (set_of(), ""),
        (set_of(readyReplicas=1), "1 of 3 pods are available"),
        (set_of(updatedReplicas=1), "1 of 3 pods are of the new version"),
        (set_of({"updateStrategy": {"type": "OnDelete"}}, updatedReplicas=1), ""),
        (set_of({"updateStrategy": {"rollingUpdate": {"partition": 2}}}, updatedReplicas=1), ""),
        (live("Pod", {"phase": "Running", **condition("Ready", "True")}, "v1"), ""),
        (
            live("Pod", {"phase": "Running", **condition("Ready", "False")}, "v1"),
            "the pod is Running and not ready",
        ),
        (live("Pod", version="v1"), "the pod is not seen by a node and not ready"),
        (live("Pod", {"phase": "Succeeded"}, "v1"), ""),
        (live("Namespace", {"phase": "Active"}, "v1"), ""),
        (live("Namespace", {"phase": "Terminating"}, "v1"), "it is Terminating"),
        (live("CustomResourceDefinition", condition("Established", "True"), DEFINITION), ""),
        (live("CustomResourceDefinition", {}, DEFINITION), "it is not established"),
        (live("Service", version="v1", spec={"selector": {"a": "b"}}), ""),
        (live("ConfigMap", version="v1"), ""),
        (live("DaemonSet", annotations={"pulumi.com/skipAwait": "true"}), ""),
        (live("DaemonSet", annotations={"pulumi.com/skipAwait": "false"}), UNSEEN),
    ],
)
def test_what_is_missing_is_named(thing, lacking):
    assert readiness.missing(thing) == lacking


@pytest.mark.parametrize(
    ("thing", "rule"),
    [
        (live("Pod", {"phase": "Failed", "message": "evicted"}, "v1"), "pod-failed"),
        (
            live(
                "CustomResourceDefinition",
                condition("NamesAccepted", "False", message="taken"),
                DEFINITION,
            ),
            "definition-names-refused",
        ),
    ],
)
def test_what_will_never_be_ready_is_not_waited_for(thing, rule):
    with refused(rule, readiness.NeverReadyError):
        readiness.missing(thing)
