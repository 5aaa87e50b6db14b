"""What the API and the nodes themselves say of routing, version and image, for `status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import userdata
from lab.errors import LabError
from lab.instances.nodes import NAME_TAG, STACK_TAG
from lab.node import Node
from plan.image import DEBIAN, architecture, name_pattern
from plan.routing import RoutingMode
from plan.settings import Settings

ROUTING_TAG = "podnet:routing"
VERSION_TAG = "podnet:version"
KEPT_ROUTING = "var/lib/podnet/routing"
LIVING = ["pending", "running", "stopping", "stopped"]
OWN_PROTOCOLS = {"kernel", "112"}
"""The kernel's routes, and those of the node agent (userdata's peers.OURS)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """How an instance was made, and what it is told now."""

    name: str
    instance_id: str
    state: str
    address: IPv4Address
    interface_ids: tuple[str, ...]
    routing: str
    version: str
    image_id: str
    instance_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """What a node made now would be made with."""

    version: str
    image_id: str
    instance_type: str

    @classmethod
    def of(cls, client: Any, settings: Settings, stack: str) -> Newest:  # noqa: ANN401
        """The newest for these settings, as the program finds them."""
        image = settings.image_id or _newest_debian(client, settings.instance_type)
        version = userdata.version(settings, stack)
        return cls(version=version, image_id=image, instance_type=settings.instance_type)

    def older(self, made: Made) -> list[str]:
        """What of this node is older: its files, its image, its type, or nothing."""
        ages = {
            "files": made.version != self.version,
            "image": made.image_id != self.image_id,
            "instance type": made.instance_type != self.instance_type,
        }
        return [what for what, is_older in ages.items() if is_older]


def made(client: Any, stack: str) -> dict[str, Made]:  # noqa: ANN401
    """The stack's instances by the name of their node, stopped ones among them."""
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "instance-state-name", "Values": LIVING},
            {"Name": f"tag:{STACK_TAG}", "Values": [stack]},
        ]
    )
    rows = [row for page in pages for group in page["Reservations"] for row in group["Instances"]]
    found = sorted(map(_made, rows), key=lambda each: (len(each.name), each.name))
    return {each.name: each for each in found}


def _made(row: dict[str, Any]) -> Made:
    tags = {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}
    return Made(
        name=tags[NAME_TAG],
        instance_id=row["InstanceId"],
        state=row["State"]["Name"],
        address=IPv4Address(row["PrivateIpAddress"]),
        interface_ids=tuple(each["NetworkInterfaceId"] for each in row["NetworkInterfaces"]),
        routing=tags.get(ROUTING_TAG, "none"),
        version=tags.get(VERSION_TAG, "none"),
        image_id=row["ImageId"],
        instance_type=row["InstanceType"],
    )


def _newest_debian(client: Any, instance_type: str) -> str:  # noqa: ANN401
    images = client.describe_images(
        Owners=[DEBIAN],
        Filters=[
            {"Name": "name", "Values": [name_pattern(instance_type)]},
            {"Name": "architecture", "Values": [architecture(instance_type)]},
        ],
    )["Images"]
    if not images:
        raise LabError(f"Debian's account {DEBIAN} has no image for instance type {instance_type}")
    return str(max(images, key=lambda image: image["CreationDate"])["ImageId"])


def routing_of(node: Node) -> str:
    """The routing that the node goes by: the last good one that it was told."""
    try:
        return (node.root / KEPT_ROUTING).read_text().strip()
    except FileNotFoundError:
        return "none yet"


def foreign_on_node(node: Node, settings: Settings) -> Iterator[str]:
    """Routes in the pod range that are on the node and were made by nobody of podnet."""
    if settings.routing is RoutingMode.FLANNEL:  # then they are Flannel's, and it sees to them
        return
    pods = str(settings.pod_cidr)
    listed = json.loads(node.run("ip", "-json", "-4", "route", "show", "root", pods) or "[]")
    for route in listed:
        if route.get("protocol", "boot") not in OWN_PROTOCOLS:
            way = f"via {route['gateway']} " if "gateway" in route else ""
            yield f"{node.name}: {route['dst']} {way}dev {route.get('dev', 'none')}"


def foreign_in_vpc(client: Any, stack: str, settings: Settings) -> Iterator[str]:  # noqa: ANN401
    """Routes in the pod range that are in the stack's route tables and not of its making."""
    own = {
        (str(settings.addresses.block(each.address)), interface)
        for each in made(client, stack).values()
        for interface in each.interface_ids
    }
    tables = client.describe_route_tables(
        Filters=[{"Name": f"tag:{STACK_TAG}", "Values": [stack]}]
    )["RouteTables"]
    for table in tables:
        for route in table["Routes"]:
            destination = route.get("DestinationCidrBlock", "0.0.0.0/0")
            target = route.get("NetworkInterfaceId") or route.get("GatewayId", "another target")
            if (
                IPv4Network(destination).subnet_of(settings.pod_cidr)
                and (destination, target) not in own
            ):
                yield f"{table['RouteTableId']}: {destination} to {target}"
