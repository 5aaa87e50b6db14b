"""Routes that carry pod traffic between nodes without an overlay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from podnet.components import retries
from podnet.errors import UserError
from podnet.plan.nodes import Node
from podnet.plan.tags import POD_ROUTES
from podnet.plan.vpc_routes import VpcRoute


@dataclass(frozen=True, kw_only=True, slots=True)
class PodRoutesArgs:
    """Arguments of `PodRoutes`."""

    nodes: tuple[Node, ...]
    """The nodes and the pod block of each."""
    interface_ids: Mapping[str, pulumi.Input[str]]
    """The network interface of each node, by the name of the node."""
    route_table_ids: Mapping[str, pulumi.Input[str]]
    """The route table of each zone, by the letter of the zone."""
    vpc: aws.ec2.Vpc
    """The VPC of the tables."""
    tables: Mapping[str, Iterable[VpcRoute]]
    """The routes that the tables have before the deployment, by the ids of the tables."""


class PodRoutes(pulumi.ComponentResource):
    """The pod block of every node, in every route table, to the node's network interface."""

    def __init__(
        self,
        name: str,
        args: PodRoutesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:PodRoutes", name, None, opts)
        # EC2 does not say who made a route, and a cloud controller makes the same ones. While the
        # stack may have any, this says so: it is there before them, and deleted after them.
        mark = aws.ec2.Tag(
            name,
            resource_id=args.vpc.id,
            key=POD_ROUTES,
            value="true",
            opts=pulumi.ResourceOptions(
                parent=self, deleted_with=args.vpc, hooks=retries.of_tags(name)
            ),
        )
        free = pulumi.ResourceHookBinding(before_create=[_free(name, args.tables)])
        child = pulumi.ResourceOptions(parent=self, depends_on=[mark], hooks=free)
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


def _free(name: str, tables: Mapping[str, Iterable[VpcRoute]]) -> pulumi.ResourceHook:
    """A hook that refuses, in a preview too, what EC2 would (`RouteAlreadyExists`).

    Only the engine knows which routes a state has; a creation shows that it lacks this one.
    """
    taken = {
        (table, str(route.destination)): route.target
        for table, routes in tables.items()
        for route in routes
    }

    def refuse_taken(args: pulumi.ResourceHookArgs) -> None:
        inputs = args.new_inputs or {}
        table, block = inputs.get("routeTableId"), inputs.get("destinationCidrBlock")
        if target := taken.get((str(table), str(block))):
            raise UserError(
                f"route table {table} has a route for {block} already, to {target}, that no state "
                f"of this stack has: {args.name} was not created. A cloud controller writes such "
                "routes unless it runs with --configure-cloud-routes=false; an interrupted "
                "deployment leaves one too. Stop who writes it, then delete it with `aws ec2 "
                f"delete-route --route-table-id {table} --destination-cidr-block {block}`",
                rule="route-taken",
            )

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHook(f"{name}-free", refuse_taken, options)
