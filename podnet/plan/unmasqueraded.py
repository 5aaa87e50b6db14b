"""What a preview says of ranges in which pods are seen under their own addresses."""

from __future__ import annotations

from collections.abc import Iterator

from podnet.plan.deployed import Deployed
from podnet.plan.nodes import planned_zones
from podnet.plan.problem import Problem, Remark
from podnet.plan.settings import Settings
from podnet.plan.vpc_routes import carriers, dropping


def forbidden(settings: Settings, deployed: Deployed) -> Problem | None:
    """For ranges to which AWS would drop what pods send, where they are not yet in effect."""
    dropped = [*_dropped(settings, deployed)]
    if not dropped or not deployed.routing_differs:
        return None
    return Problem(
        rule="unmasqueraded-dropped",
        text=f"podnet:unmasqueradedCidrs has ranges to which AWS would drop what pods send under "
        f"their own addresses: {'; '.join(dropped)}. Leave them out, so that pods are seen there "
        "under their nodes' addresses, or route them through a transit gateway, or through an "
        "instance that forwards",
        about=("unmasqueradedCidrs",),
    )


def remarks(settings: Settings, deployed: Deployed) -> Iterator[Remark]:
    """What the routes to these ranges, and back, are found to be."""
    ranges = ", ".join(map(str, settings.unmasqueraded_cidrs))
    if not ranges:
        return
    if dropped := [*_dropped(settings, deployed)]:
        yield Remark(
            rule="unmasqueraded-now-dropped",
            text=f"AWS drops what pods send to ranges of podnet:unmasqueradedCidrs: "
            f"{'; '.join(dropped)}. Leave them out, or route them through a transit gateway",
            is_warning=True,
        )
    if (new := settings.zones - len(deployed.tables)) > 0:
        tables = "route table" if new == 1 else f"{new} route tables"
        yield Remark(
            rule="unmasqueraded-new-table",
            text=f"this deployment creates {tables}, without a route to {ranges}: until "
            "you add one, to a transit gateway or an instance that forwards, pods of that zone do "
            "not reach it. The stack exports routeTableIds",
            is_warning=True,
        )
    if not settings.routes_in_vpc:
        yield Remark(
            rule="unmasqueraded-no-way-back",
            text=f"in {settings.routing} the VPC has no route to pods, so answers from {ranges} "
            "find them only where their sender forwards each pod block to its node; in vpc-routes "
            "the route tables of the stack do",
            is_warning=True,
        )
    elif deployed.routing_differs:
        yield Remark(
            rule="unmasqueraded-way-back",
            text=f"pods are seen under their own addresses in {ranges}: route {settings.pod_cidr} "
            "from there to this VPC, in a transit gateway to its attachment in the stack's subnets",
        )


def _dropped(settings: Settings, deployed: Deployed) -> Iterator[str]:
    """Each range, or part of one, that has no way out of a route table."""
    own = [settings.vpc_cidr, *(zone.subnet for zone in planned_zones(settings))]
    for cidr in settings.unmasqueraded_cidrs:
        # Within the VPC its own routes carry everything, and are in no answer of the look-up.
        if any(cidr.subnet_of(each) for each in own):
            continue
        for table, routes in sorted(deployed.tables.items()):
            for route in carriers(cidr, routes):
                if why := dropping(route.target):
                    yield f"{cidr} by {table} to {route.target}, {why}"
