"""Subnets as plain learning switches, for wirings that a VPC does not carry.

Only a VPC's routers, services and gateways are here: frames of any MAC pass, broadcast too, and
no security group applies. What works here does not show that it works on AWS.
"""

from __future__ import annotations

from dataclasses import replace

from podnet.lab.cloud.fabric import names, ruleset
from podnet.lab.cloud.fabric.layout import Layout, Router
from podnet.lab.cloud.fabric.layout import layout as vpc_layout
from podnet.lab.home import Home
from podnet.world.model import Vpc, World


def layout(home: Home, world: World) -> Layout:
    """The state of the kernel for this world on plain switches."""
    strict = vpc_layout(home, world)
    of_namespace = {names.vpc_namespace(home, item.id): item for item in world.vpcs}
    return Layout(
        strict.internet,
        tuple(_switched(world, of_namespace[item.namespace], item) for item in strict.vpcs),
    )


def _switched(world: World, of_vpc: Vpc, router: Router) -> Router:
    uplink = next((item.name for item in router.uplinks), None)
    return replace(
        router,
        ports=tuple(replace(port, switched=True) for port in router.ports),
        tables=ruleset.switched(world, of_vpc, uplink),
    )
