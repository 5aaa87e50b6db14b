"""The instances that run, as nodes one can enter, and whether they are ready for pods."""

from __future__ import annotations

from ipaddress import IPv4Address
from subprocess import TimeoutExpired
from typing import Any

from lab.home import Home
from lab.node import Node
from lab.shell import CommandError

NAME_TAG = "podnet:node"
STACK_TAG = "podnet:stack"
AGENT = "podnet-agent.service"
CONFLIST = "etc/cni/net.d/10-mynet.conflist"


def running_nodes(home: Home, ec2: Any, stack: str | None = None) -> list[Node]:  # noqa: ANN401
    """Nodes of a stack, or of all stacks, whose instance has a process 1, by name.

    `ec2` is a boto3 client of the lab's API.
    """
    filters = [
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
        {"Name": "tag-key", "Values": [NAME_TAG]},
    ]
    if stack is not None:
        filters.append({"Name": f"tag:{STACK_TAG}", "Values": [stack]})
    pages = ec2.get_paginator("describe_instances").paginate(Filters=filters)
    nodes = [
        _node(home, instance)
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]
    return sorted((node for node in nodes if node), key=lambda node: (len(node.name), node.name))


def ready(node: Node) -> str | None:
    """None when the node can take pods; otherwise why it cannot."""
    # Flannel puts another one there, once it runs in the cluster.
    if not any((node.root / CONFLIST).parent.glob("*.conflist")):
        return f"/{CONFLIST} is not there yet"
    try:
        node.run("systemctl", "is-active", "--quiet", AGENT, timeout=10)
    except (CommandError, TimeoutExpired):
        return f"{AGENT} is not active yet"
    return None


def _node(home: Home, instance: dict[str, Any]) -> Node | None:
    try:
        pid = int((home.instances / instance["InstanceId"] / "pid").read_text())
    except FileNotFoundError:
        return None
    public = instance.get("PublicIpAddress")
    name = next(tag["Value"] for tag in instance["Tags"] if tag["Key"] == NAME_TAG)
    return Node(
        name=name,
        instance_id=instance["InstanceId"],
        pid=pid,
        address=IPv4Address(instance["PrivateIpAddress"]),
        public_address=IPv4Address(public) if public else None,
    )
