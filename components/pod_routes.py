"""Routes that carry pod traffic between nodes without an overlay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.plan.nodes import Node


@dataclass(frozen=True, kw_only=True, slots=True)
class PodRoutesArgs:
    """Arguments of `PodRoutes`."""

    nodes: tuple[Node, ...]
    """The nodes and the pod block of each."""
    interface_ids: Mapping[str, pulumi.Input[str]]
    """The network interface of each node, by the name of the node."""
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """The route table of each zone, by the letter of the zone."""


class PodRoutes(pulumi.ComponentResource):
    """The pod block of every node, in every route table, to the node's network interface."""

    def __init__(
        self,
        name: str,
        args: PodRoutesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:PodRoutes", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for zone, table in args.route_table_ids.items():
            for node in args.nodes:
                aws.ec2.Route(
                    f"{name}-{zone}-{node.name}",
                    route_table_id=table,
                    destination_cidr_block=str(node.block),
                    network_interface_id=args.interface_ids[node.name],
                    opts=child,
                )
        self.register_outputs({})
