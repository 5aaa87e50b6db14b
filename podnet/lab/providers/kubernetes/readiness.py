"""Whether an object is ready: pure functions from an object to the reason that it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.kubernetes.objects import SKIP_AWAIT, at, condition, notes
from podnet.lab.providers.protocol import ProviderError, Values


class NeverReadyError(ProviderError):
    """It will never be ready: waiting on would be in vain."""


def missing(live: Values) -> str:
    """The reason that an object is not ready; empty when it is. Raises `NeverReadyError`."""
    if notes(live).get(SKIP_AWAIT) == "true":
        return ""
    reason_of = READY.get(Kind(live["apiVersion"], live["kind"]))
    return reason_of(live) if reason_of is not None else ""


def refuse_unawaited(kind: Kind, inputs: Values) -> None:
    """Refuse what the real provider waits for and this one cannot."""
    reason = UNAWAITED.get(kind, "")
    if kind == Kind("v1", "Service") and at(inputs, "spec.type") == "LoadBalancer":
        reason = "the lab has no load balancers; use NodePort"
    if reason and notes(inputs).get(SKIP_AWAIT) != "true":
        raise ProviderError(
            f"a {kind.kind} is not waited for in the lab: {reason}; with the "
            f'annotation {SKIP_AWAIT}: "true" it is made without waiting',
            rule="object-not-awaited",
        )


def _deployment(live: Values) -> str:
    spec, status = live.get("spec", {}), live.get("status", {})
    wanted = spec.get("replicas", 1)
    if stale := _stale(live):
        return stale
    updated, all_ = status.get("updatedReplicas", 0), status.get("replicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the new version"
    if all_ > updated:
        return f"{all_ - updated} pods of the previous version are still there"
    return _short(status.get("availableReplicas", 0), wanted)


def _daemon_set(live: Values) -> str:
    status = live.get("status", {})
    if stale := _stale(live):
        return stale
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    if updated < wanted:
        return f"{updated} of {wanted} pods are of the new version"
    return _short(status.get("numberAvailable", 0), wanted)


def _stateful_set(live: Values) -> str:
    spec, status = live.get("spec", {}), live.get("status", {})
    if stale := _stale(live):
        return stale
    wanted = spec.get("replicas", 1)
    if status.get("readyReplicas", 0) < wanted:
        return _short(status.get("readyReplicas", 0), wanted)
    partition = at(spec, "updateStrategy.rollingUpdate.partition") or 0
    updated = status.get("updatedReplicas", 0)
    if at(spec, "updateStrategy.type") != "OnDelete" and updated < wanted - partition:
        return f"{updated} of {wanted - partition} pods are of the new version"
    return ""


def _pod(live: Values) -> str:
    phase = at(live, "status.phase")
    if phase == "Failed":
        raise NeverReadyError(
            f"the pod failed: {at(live, 'status.message') or 'see its containers'}",
            rule="pod-failed",
        )
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return ""
    return f"the pod is {phase or 'not seen by a node'} and not ready"


def _namespace(live: Values) -> str:
    phase = at(live, "status.phase")
    return "" if phase == "Active" else f"it is {phase or 'without a phase'}"


def _definition(live: Values) -> str:
    if condition(live, "NamesAccepted").get("status") == "False":
        raise NeverReadyError(
            f"its names were not accepted: {condition(live, 'NamesAccepted')['message']}",
            rule="definition-names-refused",
        )
    return "" if condition(live, "Established").get("status") == "True" else "it is not established"


READY: Mapping[Kind, Callable[[Values], str]] = {
    Kind("apps/v1", "Deployment"): _deployment,
    Kind("apps/v1", "DaemonSet"): _daemon_set,
    Kind("apps/v1", "StatefulSet"): _stateful_set,
    Kind("v1", "Pod"): _pod,
    Kind("v1", "Namespace"): _namespace,
    Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _definition,
}
"""Kinds that are waited for. A Service is not: the embedded engine creates one resource after the
other, so a Service would wait for pods that only come when it is done."""

UNAWAITED: Mapping[Kind, str] = {
    Kind("batch/v1", "Job"): "it would have to run to its end",
    Kind("networking.k8s.io/v1", "Ingress"): "nothing there gives it an address",
    Kind("v1", "PersistentVolume"): "nothing there provides volumes",
    Kind("v1", "PersistentVolumeClaim"): "nothing there provides volumes",
    Kind("v1", "ReplicationController"): "use a Deployment",
}


def _stale(live: Values) -> str:
    """A controller that has not seen the last change reports the status of the one before."""
    generation = at(live, "metadata.generation") or 0
    seen = at(live, "status.observedGeneration") or 0
    return "" if seen >= generation else "its controller has not seen the change"


def _short(available: int, wanted: int) -> str:
    return "" if available >= wanted else f"{available} of {wanted} pods are available"
