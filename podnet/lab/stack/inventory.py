"""The nodes of a stack as the API and the nodes themselves describe them, for `status`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from podnet import userdata
from podnet.errors import UserError
from podnet.lab.clients import Client, instances
from podnet.lab.nodes.agent_state import agent_state
from podnet.lab.nodes.node import Node
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan import tags as tag_keys
from podnet.plan.deployed import LIVE_STATES
from podnet.plan.image import DEBIAN, name_pattern
from podnet.plan.instance_type import InstanceType
from podnet.plan.node_network import ROUTE_PROTOCOL
from podnet.plan.nodes import by_number
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.vpc_routes import VpcRoute, is_unmanaged

KEPT_ROUTING = "var/lib/podnet/routing"
OWN_PROTOCOLS = {"kernel", str(ROUTE_PROTOCOL)}
"""The kernel's routes, and those of the node agent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeRecord:
    """An instance of the stack as the API describes it."""

    name: str
    instance_id: str
    state: str
    address: IPv4Address
    interface_ids: tuple[str, ...]
    routing: str
    """The assigned routing: the tag that the node reads."""
    files: str
    """Digest of the release that the node is to run, by its tag."""
    version: str
    image_id: str
    instance_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """The user data, image and type that a node launched now would have."""

    version: str
    image_id: str
    instance_type: str

    @classmethod
    def of(cls, stack: LabStack) -> Template:
        """The template of a stack's settings, as the program finds it."""
        settings = stack.settings()
        return cls(
            version=userdata.version(settings, stack.identity),
            image_id=settings.image_id or _newest_debian(stack.ec2, settings.instance_type),
            instance_type=settings.instance_type,
        )


def node_records(stack: LabStack) -> dict[str, NodeRecord]:
    """The stack's instances by the name of their node, with those that are stopped."""
    rows = instances(
        stack.ec2,
        {"Name": "instance-state-name", "Values": LIVE_STATES},
        {"Name": f"tag:{tag_keys.STACK}", "Values": [stack.identity]},
    )
    records = sorted(map(_record, rows), key=lambda each: by_number(each.name))
    return {each.name: each for each in records}


def _record(row: Mapping[str, Any]) -> NodeRecord:
    tags = {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}
    return NodeRecord(
        name=tags[tag_keys.NODE],
        instance_id=row["InstanceId"],
        state=row["State"]["Name"],
        address=IPv4Address(row["PrivateIpAddress"]),
        interface_ids=tuple(each["NetworkInterfaceId"] for each in row["NetworkInterfaces"]),
        routing=tags.get(tag_keys.ROUTING, "none"),
        files=tags.get(tag_keys.FILES, "none"),
        version=tags.get(tag_keys.VERSION, "none"),
        image_id=row["ImageId"],
        instance_type=row["InstanceType"],
    )


def _architecture(ec2: Client, instance_type: str) -> str | None:
    (found,) = ec2.describe_instance_types(InstanceTypes=[instance_type])["InstanceTypes"]
    listed = tuple(found["ProcessorInfo"]["SupportedArchitectures"])
    return InstanceType(name=instance_type, architectures=listed).architecture


def _newest_debian(ec2: Client, instance_type: str) -> str:
    architecture = _architecture(ec2, instance_type)
    images = (
        architecture
        and ec2.describe_images(
            Owners=[DEBIAN],
            Filters=[
                {"Name": "name", "Values": [name_pattern(architecture)]},
                {"Name": "architecture", "Values": [architecture]},
            ],
        )["Images"]
    )
    if not images:
        raise UserError(
            f"Debian's account {DEBIAN} has no image for instance type {instance_type}",
            rule="debian-image-missing",
        )
    return str(max(images, key=lambda image: image["CreationDate"])["ImageId"])


def applied_routing(node: Node) -> str:
    """The routing that the node has put into effect, as its agent says."""
    if (state := agent_state(node)) and state.routing:
        return state.routing
    try:  # The last valid one that was assigned, before its agent has polled.
        return (node.root / KEPT_ROUTING).read_text().strip()
    except FileNotFoundError:
        return "none yet"


def unmanaged_on_node(node: Node, settings: Settings) -> Iterator[str]:
    """Routes in the pod range that are on the node, and that podnet did not create."""
    if settings.routing in (RoutingMode.FLANNEL, RoutingMode.EXTERNAL):  # then they are another's
        return
    pods = str(settings.pod_cidr)
    listed = json.loads(node.run("ip", "-json", "-4", "route", "show", "root", pods) or "[]")
    for route in listed:
        if route.get("protocol", "boot") not in OWN_PROTOCOLS:
            via = f"via {route['gateway']} " if "gateway" in route else ""
            yield f"{node.name}: {route['dst']} {via}dev {route.get('dev', 'none')}"


def unmanaged_in_vpc(stack: LabStack, settings: Settings) -> Iterator[str]:
    """Routes in the pod range that are in the stack's route tables, and that it did not create."""
    blocks = {
        settings.addresses.block(each.address): each.interface_ids
        for each in node_records(stack).values()
    }
    tables = stack.ec2.describe_route_tables(
        Filters=[{"Name": f"tag:{tag_keys.STACK}", "Values": [stack.identity]}]
    )["RouteTables"]
    for table in tables:
        for row in table["Routes"]:
            route = VpcRoute(
                destination=IPv4Network(row.get("DestinationCidrBlock", "0.0.0.0/0")),
                target=row.get("NetworkInterfaceId") or row.get("GatewayId", "another target"),
            )
            if is_unmanaged(route, settings.pod_cidr, blocks):
                yield f"{table['RouteTableId']}: {route.destination} to {route.target}"
