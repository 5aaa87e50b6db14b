"""The words of Pulumi's own provider for a workload that does not get ready.

tests/kubernetes/provider/test_words.py holds some of them against that provider itself.
"""

from __future__ import annotations

import pytest

from podnet.lab.providers.kubernetes import unready
from podnet.lab.providers.kubernetes.api import Kind
from tests.unit.lab.providers.kubernetes.conftest import POD

REPLICA_SET = Kind("apps/v1", "ReplicaSet")
AVAILABLE = {"type": "Available", "status": "True"}
NEW = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
UNAVAILABLE = {
    "type": "Available",
    "status": "False",
    "reason": "MinimumReplicasUnavailable",
    "message": "Deployment does not have minimum availability.",
}
OVERDUE = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "message": 'ReplicaSet "one-1" has timed out progressing.',
}
SCHEDULED, INITIALIZED = (
    {"type": each, "status": "True"} for each in ("PodScheduled", "Initialized")
)
UNREADY = {
    "type": "Ready",
    "status": "False",
    "reason": "ContainersNotReady",
    "message": "containers with unready status: [main]",
}


def deployment(*conditions, revision="1"):
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "one",
            "namespace": "default",
            "uid": "the-deployment",
            "annotations": {unready.REVISION: revision},
        },
        "status": {"conditions": list(conditions)},
    }


@pytest.fixture
def replica_set(api):
    def make(ready, revision="1"):
        made = api.put(
            REPLICA_SET,
            "default",
            f"one-{revision}",
            spec={"replicas": 2},
            status={"readyReplicas": ready},
            metadata={
                "annotations": {unready.REVISION: revision},
                "ownerReferences": [{"uid": "the-deployment"}],
            },
        )
        return made["metadata"]["uid"]

    return make


@pytest.fixture
def pod(api, replica_set):
    """A pod of the current replica set, with these conditions and statuses of containers."""
    owner = replica_set(0)

    def make(
        *conditions, name="one-1-a", namespace="default", phase="Pending", owner=owner, **status
    ):
        api.put(
            POD,
            namespace,
            name,
            status={"phase": phase, "conditions": list(conditions), **status},
            metadata={"ownerReferences": [{"uid": owner}]},
        )

    return make


@pytest.mark.parametrize(
    ("conditions", "replicas", "expected"),
    [
        pytest.param([], ("1", 0), [unready.LIVELESS], id="nothing yet"),
        pytest.param(
            [UNAVAILABLE, OVERDUE],
            ("1", 0),
            [
                "[MinimumReplicasUnavailable] Deployment does not have minimum availability.",
                '[ProgressDeadlineExceeded] ReplicaSet "one-1" has timed out progressing.',
                unready.LIVELESS,
            ],
            id="overdue",
        ),
        pytest.param([AVAILABLE, NEW], ("1", 1), [unready.TOO_FEW], id="too few"),
        pytest.param([AVAILABLE], ("2", 0), [unready.TOO_FEW], id="in mid-roll"),
        pytest.param([AVAILABLE, NEW], ("2", 1), [unready.NOT_FORWARD], id="not forward"),
        pytest.param([AVAILABLE, NEW], ("2", 2), [], id="ready"),
    ],
)
def test_a_deployment_gives_the_same_reasons(api, replica_set, conditions, replicas, expected):
    revision, ready = replicas
    replica_set(ready, revision)

    assert unready.reasons(api, deployment(*conditions, revision=revision)) == expected


CRASHED = {
    "name": "main",
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
    "lastState": {
        "terminated": {
            "exitCode": 3,
            "reason": "Error",
            "finishedAt": "2026-01-02T03:04:05Z",
            "message": "no interface",
        }
    },
}
ENDED = {"name": "main", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
PULLING = {
    "name": "main",
    "state": {
        "waiting": {
            "reason": "ErrImagePull",
            "message": "rpc error: code = Unknown desc = Error response from daemon: x: "
            "manifest unknown",
        }
    },
}
CREATING = {"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(PULLING, "[ErrImagePull] x", id="pulling"),
        pytest.param(
            CRASHED,
            '[CrashLoopBackOff] back-off\nContainer "main" terminated at 2026-01-02T03:04:05Z '
            "(Error: exit code 3)\nno interface",
            id="crashed",
        ),
        pytest.param(ENDED, 'Container "main" completed with exit code 0', id="ended"),
        pytest.param(CREATING, "", id="creating"),
        pytest.param({**PULLING, "ready": True}, "", id="ready"),
    ],
)
def test_a_container_is_reported_behind_its_pod(api, pod, status, said):
    pod(SCHEDULED, INITIALIZED, UNREADY, containerStatuses=[status])

    assert unready.reasons(api, deployment(UNAVAILABLE))[2:] == [
        f"[Pod one-1-a]: containers with unready status: [main]{said}"
    ]


@pytest.mark.parametrize(
    ("conditions", "more"),
    [
        pytest.param(
            [{**SCHEDULED, "status": "False", "message": "no node"}], {}, id="unscheduled"
        ),
        pytest.param([SCHEDULED, INITIALIZED], {}, id="without a word"),
        pytest.param([SCHEDULED, INITIALIZED, UNREADY], {"phase": "Succeeded"}, id="succeeded"),
        pytest.param([SCHEDULED, INITIALIZED, UNREADY], {"owner": "another"}, id="of another"),
    ],
)
def test_other_pods_are_not_reported(api, pod, conditions, more):
    pod(*conditions, containerStatuses=[PULLING], **more)

    assert unready.reasons(api, deployment(UNAVAILABLE))[2:] == []


def test_a_pod_that_is_being_initialized_is_reported_once(api, pod):
    pod(
        SCHEDULED,
        {"type": "Initialized", "status": "False", "reason": "A", "message": "incomplete"},
        UNREADY,
    )

    assert unready.reasons(api, deployment(UNAVAILABLE))[2:] == ["[Pod one-1-a]: incomplete"]


@pytest.mark.parametrize(
    ("status", "spec", "expected"),
    [
        (
            {"replicas": 2, "readyReplicas": 1, "currentReplicas": 2, "updatedReplicas": 2},
            {},
            [
                "1 out of 2 replicas succeeded readiness checks",
                'StatefulSet controller failed to advance from revision "" to revision ""',
            ],
        ),
        (
            {
                "replicas": 2,
                "readyReplicas": 2,
                "currentReplicas": 1,
                "updatedReplicas": 1,
                "currentRevision": "a",
                "updateRevision": "b",
            },
            {},
            [
                "1 out of 2 replicas succeeded readiness checks",
                'StatefulSet controller failed to advance from revision "a" to revision "b"',
            ],
        ),
        (
            {"replicas": 2, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            {"updateStrategy": {"type": "OnDelete"}},
            ["1 out of 2 replicas succeeded readiness checks"],
        ),
    ],
)
def test_a_stateful_set_counts_its_replicas(api, status, spec, expected):
    live = {
        "kind": "StatefulSet",
        "metadata": {"name": "one", "namespace": "default", "uid": "a", "generation": 2},
        "spec": {"replicas": 2, **spec},
        "status": status,
    }

    assert unready.reasons(api, live) == expected


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Deployment", "'one' timed out waiting to be Ready"),
        ("StatefulSet", "'one' timed out waiting to be Ready"),
        ("DaemonSet", "timed out waiting for the condition"),
        ("Pod", "timed out waiting for the condition"),
    ],
)
def test_each_kind_is_late_in_its_own_words(kind, sentence):
    assert unready.late({"kind": kind, "metadata": {"name": "one"}}) == sentence
