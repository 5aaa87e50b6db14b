"""Real pods as the probe takes them: found through the API, entered through their nodes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from lab.kubernetes import workload
from lab.node import Node
from lab.pods import Container, Pod
from lab.probe import Endpoint

BUNDLES = "run/containerd/io.containerd.runtime.v2.task/k8s.io"
"""Where containerd keeps a folder for each running container, on the node."""
SCHEME = "containerd://"
INTERFACE = "eth0"

Object = Mapping[str, Any]


class NotThere(Exception):  # noqa: N818  # a state that passes
    """A pod that the API tells of and its node does not have, or not any more, or not yet."""


def of_probe(items: Sequence[Object]) -> dict[str, list[Object]]:
    """The pods that count, by the name of what makes them: those that are not on their way out."""
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
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    for kind in ("PodScheduled", "Ready"):
        condition = conditions.get(kind, {})
        if condition.get("status") != "True":
            return f"{name}: {condition.get('message') or status.get('phase', 'unknown')}"
    return None


def pods(nodes: Sequence[Node], found: Mapping[str, Sequence[Object]]) -> list[Pod]:
    """The pods with addresses of their own; raises `NotThere` where a node lacks one."""
    by_name = {node.name: node for node in nodes}
    items = [
        (name, item)
        for name in (workload.DAEMON, workload.WEB)
        for item in found[name]
        if item["spec"].get("nodeName") in by_name
    ]
    made = [_pod(item, by_name[item["spec"]["nodeName"]], name) for name, item in items]
    return _labelled(made)


def hosts(nodes: Sequence[Node], found: Mapping[str, Sequence[Object]]) -> Iterator[Endpoint]:
    """The pods in the networks of their nodes, each entered through its own process."""
    by_name = {node.name: node for node in nodes}
    for item in sorted(found[workload.HOST], key=lambda each: str(each["spec"].get("nodeName"))):
        node = by_name.get(item["spec"].get("nodeName", ""))
        if node:
            place = _netns(node, next(iter(_processes(item, node).values())))
            yield replace(
                Endpoint.of_node(node),
                name=_label(workload.HOST, node),
                netns=place,
                address=IPv4Address(item["status"]["podIP"]),
            )


def _pod(item: Object, node: Node, maker: str) -> Pod:
    processes = _processes(item, node)
    first = next(iter(processes.values()))
    way = ("nsenter", f"--net=/proc/{first}/ns/net")
    return Pod(
        name=item["metadata"]["name"],
        node=node,
        address=IPv4Address(item["status"]["podIP"]),
        mtu=_mtu(node, way),
        netns=_netns(node, first),
        way=way,
        label=_label(maker, node),
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
            raise NotThere(f"{name}: {node.name} has no container {each['name']} of it") from None
        if not (node.root / f"proc/{process}/ns/net").exists():
            raise NotThere(f"{name}: its container {each['name']} has ended")
        found[each["name"]] = process
    if not found:
        raise NotThere(f"{name} has no container yet")
    return found


def _netns(node: Node, process: int) -> Path:
    return node.root / f"proc/{process}/ns/net"


def _mtu(node: Node, way: tuple[str, ...]) -> int:
    links = json.loads(node.run(*way, "ip", "-json", "link", "show", "dev", INTERFACE))
    return int(links[0]["mtu"])


def _label(maker: str, node: Node) -> str:
    return f"{maker}-{node.name.removeprefix('node-')}"


def _labelled(made: Sequence[Pod]) -> list[Pod]:
    """The pods in the order of their labels, with a letter where a node has several of a kind."""
    times = Counter(pod.label for pod in made)
    seen: Counter[str] = Counter()
    labelled = []
    for pod in sorted(made, key=lambda one: one.name):
        label = pod.label
        if times[label] > 1:
            seen[label] += 1
            label += "abcdefghijklmnopqrstuvwxyz"[seen[pod.label] - 1]
        labelled.append(replace(pod, label=label))
    return sorted(labelled, key=lambda one: (len(one.node.name), one.node.name, one.label))
