"""Reasons why a rollout or a deletion does not end: pods that are not ready, finalizers."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.lab.providers.kubernetes.api import Api, Kind
from podnet.lab.providers.kubernetes.objects import at, condition
from podnet.lab.providers.protocol import ProviderError, Values

POD, EVENT = Kind("v1", "Pod"), Kind("v1", "Event")
MOST = 5
"""Pods that are named; the others mostly have the same reason."""


def rollout(api: Api, live: Values) -> str:
    """The pods of a workload that are not ready, each with its reasons."""
    namespace = at(live, "metadata.namespace")
    selector = _selector(at(live, "spec.selector"))
    try:
        if live["kind"] == POD.kind:
            pods = [live]
        elif selector:
            pods = api.listed(POD, namespace, labels=selector)
        else:
            return ""
        waiting = [pod for pod in pods if condition(pod, "Ready").get("status") != "True"]
        reasons = [f"{_pod(pod)}{_warned(api, pod)}" for pod in waiting[:MOST]]
        if len(waiting) > MOST:
            reasons.append(f"and {len(waiting) - MOST} more")
        if not pods:
            reasons.append(f"there are no pods with {selector}{_warned(api, live)}")
        elif not waiting:
            reasons.append("all its pods are ready, so the change is still on its way")
    except ProviderError as error:
        return f"its pods could not be read: {error}"
    return "; ".join(reasons)


def blockers(live: Values) -> str:
    """Conditions and finalizers that keep an object that is being deleted."""
    reasons = [
        f"{one['reason']}: {one.get('message', '')}"
        for one in at(live, "status.conditions") or []
        if one.get("status") == "True"
        and one.get("reason")
        and str(one.get("type", "")).startswith("Namespace")
    ]
    finalizers = [*(at(live, "metadata.finalizers") or []), *(at(live, "spec.finalizers") or [])]
    if finalizers:
        reasons.append(f"it has the finalizers {', '.join(finalizers)}")
    return "; ".join(reasons)


def _pod(pod: Values) -> str:
    """A pod in one line: where it is, what its containers wait for, what it last said."""
    name, node = at(pod, "metadata.name"), at(pod, "spec.nodeName")
    parts = [
        f"{name} on {node}" if node else f"{name}, on no node",
        at(pod, "status.reason") or at(pod, "status.phase") or "without a phase",
        *_containers(pod),
    ]
    conditions = [one for one in at(pod, "status.conditions") or [] if one.get("status") != "True"]
    if conditions:
        last = max(conditions, key=lambda one: str(one.get("lastTransitionTime") or ""))
        reason = ": ".join(filter(None, (last.get("reason"), last.get("message"))))
        parts.append(f"{last['type']} is {last['status']} ({reason or 'no reason given'})")
    return ", ".join(parts)


def _containers(pod: Values) -> Iterator[str]:
    statuses = [
        *(at(pod, "status.initContainerStatuses") or []),
        *(at(pod, "status.containerStatuses") or []),
    ]
    for status in statuses:
        waiting, ended = (
            at(status, "state.waiting"),
            (at(status, "state.terminated") or at(status, "lastState.terminated")),
        )
        if waiting and waiting.get("reason") != "PodInitializing":
            reason = ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
            yield f"{status['name']} waits ({reason})"
        if ended and ended.get("exitCode"):
            yield f"{status['name']} ended with {ended['exitCode']}" + (
                f" ({ended['message'].strip()})" if ended.get("message") else ""
            )


def _warned(api: Api, involved: Values) -> str:
    """The last warning about an object, which holds more than its status."""
    warnings = api.listed(
        EVENT,
        at(involved, "metadata.namespace"),
        fields=(f"involvedObject.uid={at(involved, 'metadata.uid')},type=Warning"),
    )
    if not warnings:
        return ""
    last = max(
        warnings, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or "")
    )
    return f" [{last.get('reason', '')}: {' '.join(str(last.get('message', '')).split())}]"


def _selector(selector: object) -> str:
    """A label selector as a query writes it."""
    if not isinstance(selector, dict):
        return ""
    operators = {"In": "in", "NotIn": "notin"}
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or []:
        if one["operator"] in operators:
            parts.append(f"{one['key']} {operators[one['operator']]} ({','.join(one['values'])})")
        else:
            parts.append(one["key"] if one["operator"] == "Exists" else f"!{one['key']}")
    return ",".join(parts)
