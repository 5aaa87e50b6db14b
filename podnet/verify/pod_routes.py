"""Routes in the pod range of a stack's VPC that none of its nodes needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from podnet.plan.address import AddressPlan
from podnet.plan.names import node_number
from podnet.plan.routing import RoutingMode
from podnet.plan.vpc_routes import VpcRoute, is_unmanaged
from podnet.verify.subject import Subject
from podnet.world.model import Route


@dataclass(frozen=True, kw_only=True, slots=True)
class Surplus:
    """A route that is not needed, in a table."""

    table: str
    route: Route
    why: str
    """Why podnet has no need of it; empty for an unmanaged one, of which it knows nothing."""

    @property
    def unmanaged(self) -> bool:
        """Whether podnet did not create it."""
        return not self.why

    def __str__(self) -> str:
        return f"{self.table}: {self.route.destination} to {self.route.target}"

    def to_json(self) -> dict[str, object]:
        """The route as plain JSON values."""
        return {
            "table": self.table,
            "destination": str(self.route.destination),
            "target": self.route.target,
            "unmanaged": self.unmanaged,
            "why": self.why or None,
        }


def surplus(subject: Subject) -> Iterator[Surplus]:
    """The unmanaged and the stale routes; none where no node says which range the pods have."""
    if not subject.nodes:
        return
    plan = subject.nodes[0].plan
    interfaces = {
        node.block: subject.world.instance(node.eni.instance_id or "").eni_ids
        for node in subject.nodes
    }
    there = {node.name for node in subject.nodes}
    absent = {
        block: name
        for name in subject.expected
        if name not in there and (block := _block(plan, name))
    }
    in_vpc = any(node.routing.mode is RoutingMode.VPC_ROUTES for node in subject.nodes)
    for table in subject.world.route_tables:
        for route in table.routes:
            if name := absent.get(route.destination):
                why = f"{name}, whose block it leads to, is missing"
            elif is_unmanaged(
                VpcRoute(destination=route.destination, target=route.target), plan.pods, interfaces
            ):
                why = ""
            elif route.destination in interfaces and not in_vpc:
                why = "no node is assigned vpc-routes"
            else:
                continue
            yield Surplus(table=table.id, route=route, why=why)


def _block(plan: AddressPlan, name: str) -> IPv4Network | None:
    """The block of a node by the rule; None where the rule gives it none."""
    try:
        return plan.block(plan.node(node_number(name) or 0))
    except ValueError:
        return None
