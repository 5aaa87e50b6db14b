"""Exports of a stack: values by zone and by node, with AWS's names."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from podnet.components.flow_logs import FlowLogs
from podnet.components.network import Network
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes
from podnet.plan.nodes import Node
from podnet.plan.settings import Settings


def publish(
    settings: Settings,
    template: NodeTemplate,
    nodes_plan: tuple[Node, ...],
    network: Network,
    nodes: Nodes,
) -> None:
    """Export all of it."""
    values = {
        "vpcId": network.vpc_id,
        "subnetIds": _by_zone(network, network.subnet_ids),
        "routeTableIds": _by_zone(network, network.route_table_ids),
        "routing": str(settings.routing),
        "routingTag": settings.node_routing.tag(),
        "version": template.version,
        "files": template.files,
        "imageId": template.image_id,
        "podCidr": str(settings.pod_cidr),
        "nodes": {
            node.name: {
                "zone": network.zone_names[node.zone.name],
                "privateIp": nodes.private_addresses[node.name],
                "publicIp": nodes.public_addresses[node.name],
                "podBlock": str(node.block),
                "instanceId": nodes.instance_ids[node.name],
                # What a node lost in a roll had: a failed deployment leaves exports as they were.
                "instanceType": nodes.instances[node.name].instance_type,
                "imageId": nodes.instances[node.name].ami,
            }
            for node in nodes_plan
        },
    }
    for name, value in values.items():
        pulumi.export(name, value)


def publish_flow_logs(logs: FlowLogs) -> None:
    """Export where the records of flows are; a stack without them has no such output."""
    pulumi.export("flowLogGroup", logs.group)


def _by_zone(
    network: Network, values: Mapping[str, pulumi.Output[str]]
) -> pulumi.Output[dict[str, str]]:
    """Values kept by the letter of a zone, under the name that AWS gives the zone."""
    names = pulumi.Output.all(*(network.zone_names[zone] for zone in values))
    found = pulumi.Output.all(*values.values())
    return pulumi.Output.all(names, found).apply(lambda both: dict(zip(*both, strict=True)))
