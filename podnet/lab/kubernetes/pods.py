"""The pods of a cluster as endpoints: found through the API, entered through their nodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from podnet.cluster.conditions import unmet_condition
from podnet.lab.kubernetes import workload
from podnet.lab.nodes.endpoints import node_endpoint
from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Container, Pod
from podnet.plan.nodes import by_number
from podnet.probe import Endpoint

BUNDLES = "run/containerd/io.containerd.runtime.v2.task/k8s.io"
"""The directory on the node in which containerd has a folder for each running container."""
SCHEME = "containerd://"
INTERFACE = "eth0"

Object = Mapping[str, Any]


class NotYetError(Exception):
    """A pod that the API lists and whose container does not run on its node at the moment."""


def of_probe(items: Sequence[Object]) -> dict[str, list[Object]]:
    """The pods that count, by the name of what makes them: those that are not being deleted."""
    found: dict[str, list[Object]] = {name: [] for name in workload.wanted(0)}
    for item in items:
        name = item["metadata"].get("labels", {}).get(workload.LABEL)
        if item["metadata"]["namespace"] == workload.NAMESPACE and name in found:
            found[name].append(item)
    return found


def why_not_ready(item: Object) -> str | None:
    """None for a pod that runs and is ready; otherwise what it waits for."""
    status, name = item.get("status", {}), item["metadata"]["name"]
    if "deletionTimestamp" in item["metadata"]:
        return f"{name} is being deleted"
    for each in status.get("containerStatuses", ()):
        if waiting := each.get("state", {}).get("waiting"):
            return f"{name}: {waiting.get('message') or waiting.get('reason', 'it waits')}"
    return unmet_condition(item)


def label(maker: str, node: str) -> str:
    """The name in a matrix of what a controller has started on a node."""
    return f"{maker}-{node.removeprefix('node-')}"


def pods(nodes: Sequence[Node], found: Mapping[str, Sequence[Object]]) -> list[Pod]:
    """The pods with addresses of their own; raises `NotYetError` where a node lacks one."""
    by_name = {node.name: node for node in nodes}
    items = [
        (name, item)
        for name in (workload.DAEMON, workload.WEB)
        for item in found[name]
        if item["spec"].get("nodeName") in by_name
    ]
    unlabelled = [_pod(item, by_name[item["spec"]["nodeName"]], name) for name, item in items]
    return _labelled(unlabelled)


def hosts(nodes: Sequence[Node], found: Mapping[str, Sequence[Object]]) -> Iterator[Endpoint]:
    """The pods in the networks of their nodes, each entered through its own process."""
    by_name = {node.name: node for node in nodes}
    for item in sorted(found[workload.HOST], key=lambda each: str(each["spec"].get("nodeName"))):
        node = by_name.get(item["spec"].get("nodeName", ""))
        if node:
            place = _netns(node, next(iter(_processes(item, node).values())))
            yield replace(
                node_endpoint(node),
                name=label(workload.HOST, node.name),
                netns=place,
                address=IPv4Address(item["status"]["podIP"]),
            )


def _pod(item: Object, node: Node, maker: str) -> Pod:
    processes = _processes(item, node)
    first = next(iter(processes.values()))
    exec_prefix = ("nsenter", f"--net=/proc/{first}/ns/net")
    return Pod(
        name=item["metadata"]["name"],
        node=node,
        address=IPv4Address(item["status"]["podIP"]),
        mtu=_mtu(node, exec_prefix),
        netns=_netns(node, first),
        exec_prefix=exec_prefix,
        label=label(maker, node.name),
        containers=tuple(
            Container(name, _netns(node, process)) for name, process in processes.items()
        ),
    )


def _processes(item: Object, node: Node) -> dict[str, int]:
    """The first process of each container, by the number it has on its node."""
    found = {}
    name = item["metadata"]["name"]
    for each in sorted(item["status"].get("containerStatuses", ()), key=lambda one: one["name"]):
        container = each.get("containerID", "").removeprefix(SCHEME)
        try:
            process = int((node.root / BUNDLES / container / "init.pid").read_text())
        except (OSError, ValueError):
            raise NotYetError(
                f"{name}: {node.name} has no container {each['name']} of it"
            ) from None
        if not (node.root / f"proc/{process}/ns/net").exists():
            raise NotYetError(f"{name}: its container {each['name']} has ended")
        found[each["name"]] = process
    if not found:
        raise NotYetError(f"{name} has no container yet")
    return found


def _netns(node: Node, process: int) -> Path:
    return node.root / f"proc/{process}/ns/net"


def _mtu(node: Node, exec_prefix: tuple[str, ...]) -> int:
    links = json.loads(node.run(*exec_prefix, "ip", "-json", "link", "show", "dev", INTERFACE))
    return int(links[0]["mtu"])


def _labelled(pods: Sequence[Pod]) -> list[Pod]:
    """The pods in the order of their labels, with a letter where a node has several of a kind."""
    times = Counter(pod.label for pod in pods)
    seen: Counter[str] = Counter()
    labelled = []
    for pod in sorted(pods, key=lambda one: one.name):
        name = pod.label
        if times[name] > 1:
            seen[name] += 1
            name += "abcdefghijklmnopqrstuvwxyz"[seen[pod.label] - 1]
        labelled.append(replace(pod, label=name))
    return sorted(labelled, key=lambda one: (by_number(one.node.name), one.label))
