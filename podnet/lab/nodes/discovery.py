"""Finds the nodes of a stack among the running instances, and checks that they can take pods."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from podnet.lab.clients import Client, instances
from podnet.lab.home import Home
from podnet.lab.nodes import releases
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.nodes.node import Node
from podnet.plan import node_network, tags
from podnet.plan.nodes import by_number
from podnet.system.commands import CommandError

AGENT = "podnet-agent.service"
CLOUD_ID = "run/cloud-init/cloud-id"
CLOUD_STATUS = "run/cloud-init/status.json"
EXTERNAL = "external-"
"""How the tags begin of routings by another CNI."""
NO_CLOUD = "none"
"""cloud-init's name of the data source None, its last resort (cloud-init, cmd/cloud_id.py)."""
CONFLIST = f"etc/cni/net.d/{node_network.CONFLIST}"
NO_USER_DATA = "cloud-init could not read the metadata service, and so no user data; reboot it"
"""cloud-init does not try again before the next boot, in the lab as on EC2."""
PROGRESS = ("var/log/cloud-init.log", "var/log/cloud-init-output.log")
"""Files of an instance that grow while it boots: cloud-init notes each request for metadata."""


def running_nodes(home: Home, ec2: Client, stack: str | None = None) -> list[Node]:
    """Nodes of a stack, or of all stacks, whose instance has a process 1, by name."""
    filters = [
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
        {"Name": "tag-key", "Values": [tags.NODE]},
    ]
    if stack is not None:
        filters.append({"Name": f"tag:{tags.STACK}", "Values": [stack]})
    nodes = [_node(home, instance) for instance in instances(ec2, *filters)]
    return sorted((node for node in nodes if node), key=lambda node: by_number(node.name))


def instance_states(ec2: Client, instance_ids: Iterable[str]) -> dict[str, str]:
    """The state of each of these instances that the API still lists."""
    found = instances(ec2, {"Name": "instance-id", "Values": [*instance_ids]})
    return {instance["InstanceId"]: instance["State"]["Name"] for instance in found}


def why_not_ready(node: Node) -> str | None:
    """None if the node can take pods; otherwise the reason why it cannot."""
    state = agent_state(node)
    if state and state.problems:
        return "; ".join(state.problems)
    if state and (reason := releases.why_waiting(node, state)):
        return reason
    # Any conflist counts: Flannel writes its own, once it runs in the cluster.
    if not any((node.root / CONFLIST).parent.glob("*.conflist")):
        if _cloud(node) == NO_CLOUD:
            return NO_USER_DATA
        return _stage(node) or _lacks_conflist(state.routing if state else None)
    try:
        node.run("systemctl", "is-active", "--quiet", AGENT, timeout=10)
    except (CommandError, TimeoutExpired):
        return f"{AGENT} is not active yet"
    return None


def _lacks_conflist(routing: str | None) -> str:
    """Which conflist a node waits for, by the tag of the routing that it has applied."""
    name = (routing or "").partition(" ")[0]
    if name.startswith(EXTERNAL):
        return f"/etc/cni/net.d has no conflist yet: that of {name.removeprefix(EXTERNAL)}"
    return f"/{CONFLIST} is not there yet"


def progress(node: Node) -> tuple[int, ...]:
    """Sizes of what the instance writes while it boots."""
    return tuple(_size(node.root / file) for file in PROGRESS)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _stage(node: Node) -> str | None:
    """What cloud-init is doing; None before it begins and after its end."""
    try:
        stage = json.loads((node.root / CLOUD_STATUS).read_text())["v1"]["stage"]
    except (OSError, ValueError, KeyError):
        return None
    if stage is None:
        return None
    # Its first two stages find and read the data source, the later ones run the user data.
    doing = "reads the metadata service" if str(stage).startswith("init") else "runs the user data"
    return f"cloud-init {doing} (stage {stage})"


def _cloud(node: Node) -> str | None:
    """The cloud that cloud-init has found; None before it has looked."""
    file = node.root / CLOUD_ID
    try:
        # cloud-init's link has an absolute target, which from here is a file of this machine.
        if file.is_symlink():
            file = node.root / file.readlink().relative_to("/")
        return file.read_text().strip()
    except OSError:
        return None


def _node(home: Home, instance: dict[str, Any]) -> Node | None:
    try:
        pid = int((home.instances / instance["InstanceId"] / "pid").read_text())
    except FileNotFoundError:
        return None
    public = instance.get("PublicIpAddress")
    found = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    return Node(
        name=found[tags.NODE],
        instance_id=instance["InstanceId"],
        pid=pid,
        address=IPv4Address(instance["PrivateIpAddress"]),
        public_address=IPv4Address(public) if public else None,
        files=found.get(tags.FILES, ""),
    )
