"""The objects of a probe in a cluster: pure, from an image to manifests.

Three pods a node: two with addresses of their own, of two containers each, and one in the node's
network, which stands for the node itself.
"""

from __future__ import annotations

import base64
from typing import Any

NAMESPACE = "podnet-matrix"
# Debian 13's image with Python 3.13.14. The digest is that of the list of images for all
# architectures, as projects of others pin it under the tags 3.13.14-slim and 3.13-slim.
IMAGE = (
    "docker.io/library/python:3.13.14-slim"
    "@sha256:6771159cd4fa5d9bba1258caf0b82e6b73458c694d178ad97c5e925c2d0e1a91"
)
"""Any image with Python 3.11 or newer does."""

NODE = "node"
MAKERS = ("daemon", "web", NODE)
"""DaemonSets; the last one's pods are in the networks of their nodes."""
CONTAINERS = {"daemon": ("a", "b"), "web": ("a", "b"), NODE: ("a",)}
LABEL = "app.kubernetes.io/name"
OWNER = {"app.kubernetes.io/managed-by": "podnet"}
OWN_USER = 65534
FILE, FOLDER = "probe.pyz", "/probe"
PROGRAM = ("python3", "-I", f"{FOLDER}/{FILE}")
READY_SECONDS = 30
"""Python starts within this time on a machine that is busy."""

Object = dict[str, Any]


def namespace() -> Object:
    """The namespace that holds all of a probe.

    Pods in the networks of their nodes are refused by every Pod Security level but `privileged`;
    all else of them is as `restricted` wants it.
    """
    levels = {
        "pod-security.kubernetes.io/enforce": "privileged",
        "pod-security.kubernetes.io/audit": "privileged",
        "pod-security.kubernetes.io/warn": "privileged",
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {**OWNER, **levels}},
    }


def program(packed: bytes) -> Object:
    """The ConfigMap with the agent."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "probe", "namespace": NAMESPACE, "labels": OWNER},
        "binaryData": {FILE: base64.b64encode(packed).decode()},
    }


def daemon_set(maker: str, image: str) -> Object:
    """The DaemonSet that makes one pod on each node."""
    labels = {LABEL: f"podnet-{maker}", **OWNER}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": maker, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(maker, image)},
            # All at once: they serve nobody.
            "updateStrategy": {"rollingUpdate": {"maxUnavailable": "100%"}},
        },
    }


def socket_of(maker: str, container: str) -> str:
    """The name of the agent's socket, which containers of one network must not share."""
    return f"podnet-{maker}-{container}"


def _pod(maker: str, image: str) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": maker == NODE,
        "terminationGracePeriodSeconds": 1,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        # On every node, whatever its taints: the probe finds out what is wrong with it.
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": OWN_USER,
            "runAsGroup": OWN_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(maker, name, image) for name in CONTAINERS[maker]],
        "volumes": [{"name": "probe", "configMap": {"name": "probe"}}],
    }


def _container(maker: str, name: str, image: str) -> Object:
    own = socket_of(maker, name)
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*PROGRAM, "pod", own, maker, "$(NODE)", "$(ADDRESS)", name],
        "env": [
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        # Not over the network, which is what is to be probed. Once it has passed it costs no more.
        "startupProbe": {
            "exec": {"command": [*PROGRAM, "ready", own]},
            "periodSeconds": 1,
            "timeoutSeconds": READY_SECONDS,
            "failureThreshold": 600,
        },
        # Processor time by need: without a request a busy node gives it to others first, and a
        # check would fail for want of it. No limit on it, which would do the same.
        "resources": {
            "requests": {"cpu": "50m" if name == CONTAINERS[maker][0] else "20m", "memory": "32Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "probe", "mountPath": FOLDER, "readOnly": True}],
    }
