"""Reasons of an object that does not get ready, in the words of Pulumi's own provider.

Sources: pulumi/pulumi-kubernetes at f47bc2d6f199, provider/pkg/await: `deployment.go` and
`statefulset.go` (`errorMessages`), `error.go`, `internal/awaiter.go`; on pods
pulumi/cloud-ready-checks v1.3.0, pkg/kubernetes/pod/pod.go, which looks for errors of a pod once it
is initialized.
"""

from __future__ import annotations

from collections.abc import Iterator

from podnet.lab.providers.kubernetes import readiness
from podnet.lab.providers.kubernetes.api import Api, Kind
from podnet.lab.providers.kubernetes.objects import at, condition
from podnet.lab.providers.protocol import Values

POD, REPLICA_SET = Kind("v1", "Pod"), Kind("apps/v1", "ReplicaSet")
REVISION = "deployment.kubernetes.io/revision"
LIVELESS = "Minimum number of live Pods was not attained"
TOO_FEW = "Minimum number of Pods to consider the application live was not attained"
NOT_FORWARD = (
    "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"
)
WORKLOADS = {"Deployment", "DaemonSet", "StatefulSet"}
"""Kinds of which a refresh says as well that they are not ready (`awaitRead` in awaiters.go)."""
CREATED = (
    'resource "{}" was successfully created, but the Kubernetes API server reported that it failed '
    "to fully initialize or become live"
)
UPDATED = 'the Kubernetes API server reported that "{}" failed to fully initialize or become live'
"""How the report begins (provider/pkg/provider/provider.go); there a creation has the URN."""


def at_refresh(api: Api, live: Values) -> tuple[str, ...]:
    """The reasons by which a refresh finds a workload not ready, the sentence first."""
    if live["kind"] not in WORKLOADS or not readiness.missing(live):
        return ()
    first = f"Resource '{at(live, 'metadata.name')}' was created but failed to initialize"
    return (first, *reasons(api, live))


def late(live: Values) -> str:
    """The sentence for an object that was not ready in time."""
    if live["kind"] in {"Deployment", "StatefulSet"}:
        return f"'{at(live, 'metadata.name')}' timed out waiting to be Ready"
    return "timed out waiting for the condition"


def reasons(api: Api, live: Values) -> list[str]:
    """The reasons that a workload is not ready, one a line of the report."""
    if live["kind"] == "Deployment":
        return _deployment(api, live)
    if live["kind"] == "StatefulSet":
        pods = _owned(api.listed(POD, at(live, "metadata.namespace")), live)
        return [*_stateful_set(live), *_of_pods(pods)]
    return []


def _deployment(api: Api, live: Values) -> list[str]:
    conditions = [condition(live, type_) for type_ in ("Available", "Progressing")]
    found = [
        f"[{one['reason']}] {one['message']}"
        for one in conditions
        if one.get("status") != "True" and one.get("reason") and one.get("message")
    ]
    namespace = at(live, "metadata.namespace")
    revision = _revision(live)
    current = next(
        (
            one
            for one in _owned(api.listed(REPLICA_SET, namespace), live)
            if _revision(one) == revision
        ),
        {},
    )
    wanted = at(current, "spec.replicas")
    is_ready = bool(current) and (at(current, "status.readyReplicas") or 0) >= (
        1 if wanted is None else wanted
    )
    available, progressing = conditions
    if available.get("status") != "True":
        found.append(LIVELESS)
    elif revision != "1" and not (
        progressing.get("status") == "True"
        and progressing.get("reason") == "NewReplicaSetAvailable"
    ):
        found.append(TOO_FEW)
    elif not is_ready:
        found.append(TOO_FEW if revision == "1" else NOT_FORWARD)
    return [*found, *_of_pods(_owned(api.listed(POD, namespace), current))]


def _stateful_set(live: Values) -> Iterator[str]:
    status, wanted = live.get("status", {}), at(live, "spec.replicas")
    wanted = 1 if wanted is None else wanted
    now, next_ = status.get("currentRevision", ""), status.get("updateRevision", "")
    by_hand = at(live, "spec.updateStrategy.type") == "OnDelete"
    by_hand = by_hand and (at(live, "metadata.generation") or 0) > 1
    is_newest = by_hand or (bool(now) and now == next_)
    ready = status.get("readyReplicas", 0)
    counts = [status.get("replicas", 0), ready]
    counts += [] if by_hand else [status.get("currentReplicas", 0)]
    if set(counts) != {wanted}:
        done = ready if is_newest else min(ready, status.get("updatedReplicas", 0))
        yield f"{done} out of {wanted} replicas succeeded readiness checks"
    if not is_newest:
        yield (
            f'StatefulSet controller failed to advance from revision "{now}" to revision "{next_}"'
        )


def _revision(live: Values) -> str:
    return str((at(live, "metadata.annotations") or {}).get(REVISION, "0"))


def _owned(found: list[Values], owner: Values) -> list[Values]:
    uid = at(owner, "metadata.uid")
    return [
        one
        for one in found
        if uid and any(each.get("uid") == uid for each in at(one, "metadata.ownerReferences") or [])
    ]


def _of_pods(pods: list[Values]) -> Iterator[str]:
    for pod in pods:
        if condition(pod, "PodScheduled").get("status") != "True":
            continue
        for type_ in ("Initialized", "Ready"):
            one = condition(pod, type_)
            is_met = one.get("status") == "True"
            if is_met or (type_ == "Ready" and at(pod, "status.phase") == "Succeeded"):
                continue
            errors = "\n".join(
                error
                for status in at(pod, "status.containerStatuses") or []
                for error in _errors(status)
            )
            if one and (errors or one.get("message")):
                said = one["message"] if one.get("reason") and one.get("message") else ""
                yield f"[Pod {_called(pod)}]: {said}{errors}"
            break


def _called(pod: Values) -> str:
    namespace, name = at(pod, "metadata.namespace"), at(pod, "metadata.name")
    return f"{namespace}/{name}" if namespace not in {None, "", "default"} else str(name)


def _errors(status: Values) -> Iterator[str]:
    """What ails a container that is not ready."""
    if status.get("ready"):
        return
    waiting = at(status, "state.waiting")
    if waiting is not None and waiting.get("reason") != "ContainerCreating":
        yield f"[{waiting.get('reason', '')}] {_trimmed(waiting.get('message', ''))}"
    ended = at(status, "state.terminated")
    if ended and ended.get("reason"):
        yield (
            f"[{ended['reason']}] {_trimmed(ended['message'])}"
            if ended.get("message")
            else f'Container "{status["name"]}" completed with exit code {ended["exitCode"]}'
        )
    if before := at(status, "lastState.terminated"):
        yield (
            f'Container "{status["name"]}" terminated at {before.get("finishedAt", "")} '
            f"({before.get('reason', '')}: exit code {before['exitCode']})"
        )
        if before.get("message"):
            yield before["message"]


def _trimmed(message: str) -> str:
    return message.removeprefix(
        "rpc error: code = Unknown desc = Error response from daemon: "
    ).removesuffix(": manifest unknown")
