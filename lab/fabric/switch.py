"""Subnets as plain learning switches: for wirings that a VPC does not carry.

Nothing of a VPC holds here but routers, services and gateways: frames of any MAC pass, broadcast
too, and no security group is heeded. What works here says nothing of AWS.
"""

from __future__ import annotations

from dataclasses import replace

from lab.fabric import names, ruleset
from lab.fabric.plan import Plan, Router
from lab.fabric.plan import plan as vpc_plan
from lab.home import Home
from lab.model import Vpc, World

KIND = "switch"


def plan(home: Home, world: World) -> Plan:
    """What the kernel must hold for this world on plain switches."""
    strict = vpc_plan(home, world)
    of_namespace = {names.vpc_namespace(home, item.id): item for item in world.vpcs}
    return Plan(
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
