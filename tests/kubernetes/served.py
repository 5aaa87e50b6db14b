"""Pods of a cluster with ports of their nodes, for tests to ask."""

import json
from ipaddress import IPv4Address
from types import SimpleNamespace

from podnet.lab.images.catalogue import POD_IMAGE
from podnet.lab.kubernetes.pods import BUNDLES, SCHEME
from podnet.lab.nodes.pods import HostPort


def pod(name, *ports, node=None, storage=None):
    """A pod with these ports, a host's address and a `HostPort` each, and its ephemeral storage."""
    container = {
        "name": "pod",
        "image": POD_IMAGE,
        "ports": [{**port.mapping(), "hostIP": str(address)} for address, port in ports],
    }
    for port in container["ports"]:
        port["protocol"] = port["protocol"].upper()
    if storage:
        asked = {"ephemeral-storage": storage}
        container["resources"] = {"requests": asked, "limits": asked}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def start(stack, *pods):
    """Apply these pods, wait until they are ready, and return each as `Answers` takes it."""
    names = [f"pod/{each['metadata']['name']}" for each in pods]
    stack.kubectl("apply", "-f", "-", stdin=json.dumps(_list(pods)))
    stack.kubectl("wait", "--for=condition=Ready", "--timeout=120s", *names)
    return [_running(stack, each) for each in pods]


def _running(stack, wanted):
    item = stack.get("pod", wanted["metadata"]["name"])
    node = stack.node(item["spec"]["nodeName"])
    (status,) = item["status"]["containerStatuses"]
    container = status["containerID"].removeprefix(SCHEME)
    process = (node.root / BUNDLES / container / "init.pid").read_text()
    return SimpleNamespace(
        node=node,
        address=IPv4Address(item["status"]["podIP"]),
        netns=node.root / f"proc/{process}/ns/net",
        ports=[
            HostPort(each["hostPort"], each["containerPort"], each["protocol"].lower())
            for each in wanted["spec"]["containers"][0]["ports"]
        ],
    )


def _list(pods):
    return {"apiVersion": "v1", "kind": "List", "items": pods}
