"""Objects from their making to their end: what is waited for, and what is told when it fails."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import pytest

from lab.kubernetes.provider import KubernetesProvider, configuration
from lab.kubernetes.provider.api import Kind
from tests.unit.kubernetes.provider.conftest import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    LABELS,
    NAMESPACE,
    POD,
    kubeconfig,
)

SPEC = {"selector": {"matchLabels": LABELS}}
HALF = {
    "observedGeneration": 1,
    "desiredNumberScheduled": 2,
    "updatedNumberScheduled": 2,
    "numberAvailable": 1,
}
WHOLE = {**HALF, "numberAvailable": 2}


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


def test_a_name_that_is_not_given_comes_from_the_token(provider, api):
    served, token = provider(), secrets.token_hex(16)
    inputs = served.check(CONFIG_MAP, {"data": {"a": "1"}})
    id_, outputs = served.create(CONFIG_MAP, inputs, token)

    assert id_ == f"default/configmap-{token[:7]}"
    assert served.find(CONFIG_MAP, inputs, token) == (id_, outputs)
    assert served.find(CONFIG_MAP, inputs, "0" * 32) is None


def test_an_object_is_in_its_own_namespace_or_that_of_the_provider_or_in_none(
    provider, make, refused
):
    assert make(CONFIG_MAP, {"name": "a", "namespace": "b"})[0] == "b/a"
    assert make(CONFIG_MAP, {"name": "a"}, provider(namespace="c"))[0] == "c/a"
    assert make(CLUSTER_ROLE, {"name": "a"})[0] == "a"
    assert "a ClusterRole is in no namespace" in refused(
        make, CLUSTER_ROLE, {"name": "a", "namespace": "b"}
    )


def test_an_object_of_somebody_else_is_not_taken_over_unless_that_is_asked(
    api, provider, make, refused
):
    api.put(Kind("v1", "ConfigMap"), "default", "one", manager="kubectl", data={"a": "theirs"})

    told = refused(make, CONFIG_MAP)

    assert "ConfigMap default/one exists already and is none of this stack's" in told
    assert provider().find(CONFIG_MAP, {"metadata": {"name": "one"}}, "0" * 32) is None
    assert make(CONFIG_MAP, served=provider(upsertExistingObjects="true"))[0] == "default/one"


def test_what_an_interrupted_run_made_is_found_and_what_is_going_is_not(api, provider, make):
    id_, inputs, outputs = make(CONFIG_MAP)
    api.lasting = 10

    assert provider().find(CONFIG_MAP, inputs, "0" * 32) == (id_, outputs)
    api.delete(Kind("v1", "ConfigMap"), "one", "default", "Foreground")
    assert provider().find(CONFIG_MAP, inputs, "0" * 32) is None


def test_an_object_that_is_still_going_is_waited_for_before_it_is_made_anew(api, make):
    _, _, first = make(CONFIG_MAP)
    api.lasting = 3
    api.delete(Kind("v1", "ConfigMap"), "one", "default", "Foreground")

    _, _, second = make(CONFIG_MAP)

    assert first["metadata"]["uid"] != second["metadata"]["uid"]


def test_an_update_of_what_is_gone_says_so(provider, refused):
    assert "ConfigMap default/one is gone; refresh" in refused(
        provider().update, CONFIG_MAP, "default/one", {}, {}, {"metadata": {"name": "one"}}
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


def test_a_rollout_is_waited_for(api, make):
    api.steps["DaemonSet"] = [{}, {**WHOLE, "observedGeneration": 0}, HALF, WHOLE]

    assert make(DAEMON_SET, spec=SPEC)[2]["status"] == WHOLE
    assert api.steps["DaemonSet"] == [WHOLE]


def test_an_update_waits_for_its_own_rollout_and_not_for_the_one_before(api, provider, make):
    api.steps["DaemonSet"] = [WHOLE]
    id_, inputs, outputs = make(DAEMON_SET, spec=SPEC)
    newest = {**WHOLE, "observedGeneration": 2}
    api.steps["DaemonSet"] = [WHOLE, {**HALF, "observedGeneration": 2}, newest]

    told = provider().update(
        DAEMON_SET, id_, inputs, outputs, {**inputs, "spec": {**SPEC, "minReadySeconds": 1}}
    )

    assert told["status"] == newest


def test_nobody_waits_who_does_not_want_to(api, make):
    api.steps["DaemonSet"] = [HALF]

    assert make(DAEMON_SET, asking(skipAwait="true"), spec=SPEC)[0] == "default/one"


def test_a_rollout_has_as_long_as_its_annotation_says(api, provider, make, refused):
    api.steps["DaemonSet"] = [HALF]
    begun = time.monotonic()

    told = refused(make, DAEMON_SET, asking(timeoutSeconds="0"), provider(limit=60))

    assert time.monotonic() - begun < 10
    assert "DaemonSet default/one was not ready within 0 s: its controller" in told


@pytest.fixture
def pod(api):
    def make(name, *, node="node-2", ready=False, labels=None, **status):
        made = api.put(
            POD,
            "default",
            name,
            spec={"nodeName": node},
            status={
                "phase": "Pending",
                **status,
                "conditions": [
                    {"type": "PodScheduled", "status": "True", "lastTransitionTime": "1"},
                    {
                        "type": "Ready",
                        "status": str(ready),
                        "lastTransitionTime": "2",
                        "reason": "ContainersNotReady",
                        "message": "containers: [flanneld]",
                    },
                ],
            },
            metadata={"labels": labels or LABELS},
        )
        return made["metadata"]["uid"]

    return make


def test_a_rollout_that_does_not_finish_tells_which_pods_and_why(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    pod("good", ready=True)
    uid = pod(
        "bad",
        initContainerStatuses=[
            {
                "name": "install",
                "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}},
            }
        ],
        containerStatuses=[
            {"name": "flanneld", "state": {"waiting": {"reason": "PodInitializing"}}}
        ],
    )
    for stamp, message in (("1", "older"), ("2", "network plugin\n  failed")):
        api.put(
            Kind("v1", "Event"),
            "default",
            f"event-{stamp}",
            reason="FailedCreatePodSandBox",
            message=message,
            lastTimestamp=stamp,
            involvedObject={"uid": uid},
        )

    assert _told(make, refused) == (
        "DaemonSet default/one was not ready within 0.2 s: 1 of 2 pods are available. bad on "
        "node-2, Pending, install waits (ErrImagePull: no such image), Ready is False "
        "(ContainersNotReady: containers: [flanneld]) [FailedCreatePodSandBox: network plugin "
        "failed]"
    )
    assert ("list", "Pod", "app=flannel") in api.calls


def _told(make, refused):
    return refused(lambda: make(DAEMON_SET, spec=SPEC))


def test_a_container_that_ends_again_and_again_tells_how(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    pod(
        "bad",
        node="",
        phase="Running",
        containerStatuses=[
            {
                "name": "flanneld",
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "message": "no interface\n"}},
            }
        ],
    )

    told = _told(make, refused)

    assert (
        "bad, on no node, Running, flanneld waits (CrashLoopBackOff), flanneld ended with 1 "
        "(no interface), Ready is False"
    ) in told


def test_of_many_pods_only_some_are_told(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    for number in range(8):
        pod(f"pod-{number}")

    told = _told(make, refused)

    assert "pod-4 on node-2" in told
    assert "pod-5" not in told
    assert told.endswith("and 3 more")


def test_a_workload_without_pods_tells_what_it_was_warned_of(api, make, refused):
    api.steps["DaemonSet"] = [HALF]
    api.put(
        Kind("v1", "Event"),
        "default",
        "event",
        reason="FailedCreate",
        message="violates PodSecurity",
        involvedObject={"uid": "uid-2"},
    )

    assert _told(make, refused).endswith(
        "there are no pods with app=flannel [FailedCreate: violates PodSecurity]"
    )


def test_when_all_pods_are_ready_it_is_the_controller_that_lags(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    pod("good", ready=True)

    assert _told(make, refused).endswith("the change is still on its way")


def test_a_rollout_that_got_nowhere_is_told_at_once(api, provider, make, refused):
    api.steps["Deployment"] = [
        {
            "observedGeneration": 1,
            "conditions": [
                {
                    "type": "Progressing",
                    "status": "False",
                    "reason": "ProgressDeadlineExceeded",
                    "message": "timed out",
                }
            ],
        }
    ]
    served, begun = provider(limit=60), time.monotonic()

    told = refused(lambda: make(DEPLOYMENT, None, served, spec=SPEC))

    assert time.monotonic() - begun < 10
    assert told == (
        "Deployment default/one: its rollout got nowhere: timed out. there are no "
        "pods with app=flannel"
    )


def test_what_disappears_while_it_is_waited_for_is_told(api, provider, make, refused):
    class Vanishing(list):
        def __len__(self):
            api.objects.clear()
            return 1

    api.steps["DaemonSet"] = Vanishing([HALF])

    assert "DaemonSet default/one was deleted by somebody" in refused(
        lambda: make(DAEMON_SET, None, provider(limit=5), spec=SPEC)
    )


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


def test_a_deletion_that_does_not_end_tells_what_remains(api, provider, make, refused):
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

    assert refused(provider().delete, NAMESPACE, id_, outputs) == (
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

    assert "did not answer. If the cluster is gone for good, set deleteUnreachable=True" in refused(
        provider().delete, CONFIG_MAP, id_, outputs
    )
    assert "did not answer" in refused(provider().read, CONFIG_MAP, id_, inputs, outputs)
    provider(deleteUnreachable="true").delete(CONFIG_MAP, id_, outputs)


def test_functions_are_refused(provider, refused):
    assert "kubernetes:yaml:decode" in refused(provider().invoke, "kubernetes:yaml:decode", {})


def test_the_namespace_that_one_is_in_anyway_is_refused(refused):
    served = KubernetesProvider(
        Path("/proc/self/ns/net"),
        connect=lambda *_: pytest.fail("connected"),
    ).under(configuration.TYPE, {"kubeconfig": kubeconfig()})

    assert "is the network namespace of this machine" in refused(
        served.read, CONFIG_MAP, "default/a", {}, {}
    )


def test_a_connection_is_made_once(provider, api):
    connected = []
    served = KubernetesProvider(
        Path("/run/netns/none"),
        connect=lambda *given: connected.append(given) or api,
    ).under(configuration.TYPE, {"kubeconfig": kubeconfig()})
    for _ in range(2):
        served.read(CONFIG_MAP, "default/a", {}, {})

    ((access, namespace, _),) = connected
    assert (access.server, namespace) == ("https://203.0.113.9:6443", Path("/run/netns/none"))
