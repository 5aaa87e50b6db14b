"""The pods and Services that verify a cluster: pure, from a count of nodes to objects.

The pods do nothing: the probe sends and listens in their networks itself.
"""

from __future__ import annotations

import json
from typing import Any

from podnet.lab.images.catalogue import POD_IMAGE

CONTROL_PLANE_TAINT = "node-role.kubernetes.io/control-plane"
NAMESPACE = "podnet-probe"
DAEMON, WEB, HOST = "daemon", "web", "host"
"""A DaemonSet, a Deployment, and a DaemonSet in the network of the nodes."""
CONTAINERS = ("a", "b")
ANYWHERE, OWN_NODE = "web", "daemon"
"""Services: of the Deployment, and of the DaemonSet's pod on the caller's own node."""
PORT, TARGET_PORT = 80, 8080
LABEL = "app.kubernetes.io/name"
NOBODY = 65534

Object = dict[str, Any]


def objects(nodes: int) -> list[Object]:
    """The objects for a cluster of so many nodes."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        _daemon_set(DAEMON, _pod(CONTAINERS)),
        _daemon_set(
            HOST,
            {**_pod(CONTAINERS[:1]), "hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
        ),
        _deployment(nodes),
        _service(ANYWHERE, WEB, {}),
        _service(OWN_NODE, DAEMON, {"internalTrafficPolicy": "Local"}),
    ]


def text(nodes: int) -> str:
    """The same as kubectl reads it."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(nodes)})


def wanted(nodes: int) -> dict[str, int]:
    """The number of pods there must be, by the name of their controller."""
    return dict.fromkeys((DAEMON, WEB, HOST), nodes)


def _daemon_set(name: str, spec: Object) -> Object:
    # On every node, whatever its taints: the probe finds out what is wrong with it.
    everywhere = {**spec, "tolerations": [{"operator": "Exists"}]}
    # All at once: they serve nobody.
    return _workload(
        "DaemonSet",
        name,
        everywhere,
        {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "100%"}}},
    )


def _deployment(replicas: int) -> Object:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {LABEL: WEB}},
    }
    # On the control plane too, but not on a node that is being drained.
    spec = {
        **_pod(CONTAINERS),
        "topologySpreadConstraints": [spread],
        "tolerations": [{"key": CONTROL_PLANE_TAINT, "operator": "Exists"}],
    }
    return _workload("Deployment", WEB, spec, {"replicas": replicas})


def _workload(kind: str, name: str, spec: Object, more: Object) -> Object:
    labels = {LABEL: name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
            **more,
        },
    }


def _pod(containers: tuple[str, ...]) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": each,
                "image": POD_IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
            for each in containers
        ],
    }


def _service(name: str, selected: str, more: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {LABEL: selected},
            "ports": [
                {
                    "name": protocol.lower(),
                    "protocol": protocol,
                    "port": PORT,
                    "targetPort": TARGET_PORT,
                }
                for protocol in ("TCP", "UDP")
            ],
            **more,
        },
    }
