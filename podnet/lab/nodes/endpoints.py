"""Pods and nodes of the lab as endpoints of a probe."""

from __future__ import annotations

import json

from podnet.lab.nodes.node import Node
from podnet.lab.nodes.pods import Pod
from podnet.probe import Endpoint


def pod_endpoint(pod: Pod) -> Endpoint:
    """The endpoint of a pod; the internet sees it behind its node's public address."""
    return Endpoint(
        kind="pod",
        name=pod.label or pod.name,
        node=pod.node.name,
        address=pod.address,
        netns=pod.netns,
        mtu=pod.mtu,
        public_address=pod.node.public_address,
        containers=pod.containers,
    )


def node_endpoint(node: Node) -> Endpoint:
    """The endpoint of a node; its MTU is asked of the kernel.

    A node that has lost its address gets MTU 0 here and its reason in every cell later.
    """
    links = json.loads(node.run("ip", "-json", "-4", "address", "show"))
    mtus = [
        link["mtu"]
        for link in links
        for entry in link["addr_info"]
        if entry.get("local") == str(node.address)
    ]
    return Endpoint(
        kind="node",
        name=node.name,
        node=node.name,
        address=node.address,
        netns=node.netns,
        mtu=mtus[0] if mtus else 0,
        public_address=node.public_address,
    )
