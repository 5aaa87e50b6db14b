"""Waiting for objects: how long, for what, and what is reported when it ends."""

from __future__ import annotations

import time

import pytest

from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused as expect_refusal
from tests.unit.lab.providers.kubernetes.conftest import (
    DAEMON_SET,
    DEPLOYMENT,
    LABELS,
    POD,
    SPEC,
)

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


def test_a_rollout_is_waited_for(api, make):
    api.steps["DaemonSet"] = [{}, {**WHOLE, "observedGeneration": 0}, HALF, WHOLE]

    assert make(DAEMON_SET, spec=SPEC)[2]["status"] == WHOLE
    assert api.steps["DaemonSet"] == [WHOLE]


def test_an_update_waits_for_its_own_rollout_and_not_for_the_one_before(api, provider, make):
    api.steps["DaemonSet"] = [WHOLE]
    id_, inputs, outputs = make(DAEMON_SET, spec=SPEC)
    newest = {**WHOLE, "observedGeneration": 2}
    api.steps["DaemonSet"] = [WHOLE, {**HALF, "observedGeneration": 2}, newest]

    outputs = provider().update(
        DAEMON_SET, id_, inputs, outputs, {**inputs, "spec": {**SPEC, "minReadySeconds": 1}}
    )

    assert outputs["status"] == newest


def test_nobody_waits_who_does_not_want_to(api, make):
    api.steps["DaemonSet"] = [HALF]

    assert make(DAEMON_SET, asking(skipAwait="true"), spec=SPEC)[0] == "default/one"


def test_a_rollout_has_as_long_as_its_annotation_says(api, provider, make, refused):
    api.steps["DaemonSet"] = [HALF]

    report = refused(
        "object-not-ready", make, DAEMON_SET, asking(timeoutSeconds="0"), provider(limit=60)
    )

    assert "DaemonSet default/one was not ready within 0 s" in report


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


def test_a_rollout_that_does_not_finish_names_its_pods_and_reasons(api, pod, make, refused):
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
    for stamp, message in (("1", "earlier"), ("2", "network plugin\n  failed")):
        api.put(
            Kind("v1", "Event"),
            "default",
            f"event-{stamp}",
            reason="FailedCreatePodSandBox",
            message=message,
            lastTimestamp=stamp,
            involvedObject={"uid": uid},
        )

    assert _report(make, refused) == (
        "DaemonSet default/one was not ready within 0.2 s: 1 of 2 pods are available. bad on "
        "node-2, Pending, install waits (ErrImagePull: no such image), Ready is False "
        "(ContainersNotReady: containers: [flanneld]) [FailedCreatePodSandBox: network plugin "
        "failed]"
    )
    assert ("list", "Pod", "app=flannel") in api.calls


def _report(make, refused):
    """What the lab adds to the words of Pulumi's own provider."""
    words, _, added = refused("object-not-ready", lambda: make(DAEMON_SET, spec=SPEC)).partition(
        "; "
    )
    assert words == (
        'resource "default/one" was successfully created, but the Kubernetes API server reported '
        "that it failed to fully initialize or become live: timed out waiting for the condition"
    )
    return added


def test_a_container_that_ends_again_and_again_is_reported(api, pod, make, refused):
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

    report = _report(make, refused)

    assert (
        "bad, on no node, Running, flanneld waits (CrashLoopBackOff), flanneld ended with 1 "
        "(no interface), Ready is False"
    ) in report


def test_of_many_pods_only_some_are_reported(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    for number in range(8):
        pod(f"pod-{number}")

    report = _report(make, refused)

    assert "pod-4 on node-2" in report
    assert "pod-5" not in report
    assert report.endswith("and 3 more")


def test_a_workload_without_pods_reports_its_warnings(api, make, refused):
    api.steps["DaemonSet"] = [HALF]
    api.put(
        Kind("v1", "Event"),
        "default",
        "event",
        reason="FailedCreate",
        message="violates PodSecurity",
        involvedObject={"uid": "uid-2"},
    )

    assert _report(make, refused).endswith(
        "there are no pods with app=flannel [FailedCreate: violates PodSecurity]"
    )


def test_when_all_pods_are_ready_it_is_the_controller_that_lags(api, pod, make, refused):
    api.steps["DaemonSet"] = [HALF]
    pod("good", ready=True)

    assert _report(make, refused).endswith("the change is still on its way")


def test_a_rollout_that_got_nowhere_is_waited_for_and_said_in_parts(api, provider, make, refused):
    """As Pulumi's own provider does: the deadline of a rollout ends no wait."""
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
    serving = provider(limit=0.3)
    began = time.monotonic()
    with expect_refusal("object-not-ready", ProviderError) as caught:
        make(DEPLOYMENT, None, serving, spec=SPEC)

    assert time.monotonic() - began >= 0.3
    assert caught.value.reasons == (
        (
            'resource "default/one" was successfully created, but the Kubernetes API server '
            "reported that it failed to fully initialize or become live: 'one' timed out waiting "
            "to be Ready"
        ),
        "[ProgressDeadlineExceeded] timed out",
        "Minimum number of live Pods was not attained",
        (
            "Deployment default/one was not ready within 0.3 s: 0 of 1 pods are of the new "
            "version. there are no pods with app=flannel"
        ),
    )


def test_an_update_that_does_not_get_ready_is_recorded_as_made(api, provider, make):
    api.steps["DaemonSet"] = [WHOLE]
    id_, inputs, outputs = make(DAEMON_SET, spec=SPEC)
    api.steps["DaemonSet"] = [{**HALF, "observedGeneration": 2}]
    newer = {**inputs, "spec": {**SPEC, "minReadySeconds": 1}}

    with expect_refusal("object-not-ready", ProviderError) as caught:
        provider().update(DAEMON_SET, id_, inputs, outputs, newer)
    assert caught.value.reasons[0] == (
        'the Kubernetes API server reported that "default/one" failed to fully initialize or '
        "become live: timed out waiting for the condition"
    )
    assert caught.value.created.outputs["spec"]["minReadySeconds"] == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [(WHOLE, ()), (HALF, ("Resource 'one' was created but failed to initialize",))],
)
def test_a_refresh_says_that_a_workload_is_not_ready(api, provider, make, status, expected):
    api.steps["DaemonSet"] = [WHOLE]
    _, _, outputs = make(DAEMON_SET, spec=SPEC)

    assert provider().unready(DAEMON_SET, {**outputs, "status": status}) == expected


def test_what_disappears_while_it_is_waited_for_is_reported(api, provider, make, refused):
    class Vanishing(list):
        def __len__(self):
            api.objects.clear()
            return 1

    api.steps["DaemonSet"] = Vanishing([HALF])

    assert "DaemonSet default/one" in refused(
        "object-deleted-while-waiting", lambda: make(DAEMON_SET, None, provider(limit=5), spec=SPEC)
    )
