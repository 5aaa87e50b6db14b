"""Mode overlay with crossZoneOnly: three nodes in two zones, and a way inside and between."""

from __future__ import annotations

from docs.pictures.parts import (
    MTU,
    ROUTING,
    bridge,
    in_subnet,
    on_wire,
    own_route,
    peer_route,
    pods,
    routes,
)
from docs.pictures.scene import Layer, Picture, Station, Way
from podnet.plan.settings import Settings

PLAN = Settings(zones=2).addresses
ONE, TWO, OTHER = (PLAN.node(number) for number in (1, 2, 65))
FIRST, SECOND = PLAN.block(ONE)[2], PLAN.block(ONE)[3]
NEAR, FAR = PLAN.block(TWO)[2], PLAN.block(OTHER)[2]
TO_BRIDGE = f"The pod's default route leads to its gateway {PLAN.gateway(ONE)}, the bridge."


def hybrid() -> Picture:
    """Natively inside a subnet, wrapped between subnets."""
    return Picture(
        title="Mode overlay with crossZoneOnly: natively inside a zone, wrapped between zones",
        place=f"VPC {PLAN.vpc} and {PLAN.subnet(1)}",
        subnets=(
            (f"zone a, subnet {PLAN.subnet(0)}", 0, 1),
            (f"zone b, subnet {PLAN.subnet(1)}", 2, 2),
        ),
        stations=(
            Station(
                name="node 2",
                link=str(TWO),
                pods=pods(TWO, PLAN),
                narrow=True,
                layers=(own_route(TWO, PLAN), bridge(TWO, PLAN)),
            ),
            Station(
                name="node 1",
                link=str(ONE),
                pods=pods(ONE, PLAN),
                layers=(
                    Layer(name="podnet0", says=f"MTU {MTU}", above=1),
                    routes(peer_route(TWO, "eth0", PLAN), peer_route(OTHER, "podnet0", PLAN)),
                    bridge(ONE, PLAN),
                ),
            ),
            Station(
                name="node 65",
                link=str(OTHER),
                pods=pods(OTHER, PLAN),
                narrow=True,
                layers=(
                    Layer(name="podnet0", says=f"MTU {MTU}"),
                    own_route(OTHER, PLAN),
                    bridge(OTHER, PLAN),
                ),
            ),
        ),
        crossings=(
            in_subnet("node 2", FIRST, NEAR),
            on_wire(f"IP {SECOND} > {FAR}", ONE, OTHER, ROUTING.vni),
        ),
        ways=(_inside(), _between()),
    )


def _inside() -> Way:
    return Way(
        heading=f"From {FIRST} to {NEAR}, in the same subnet; not translated on any hop",
        crossing=0,
        sender=(1, 0),
        receiver=(0, 0),
        hops=(
            TO_BRIDGE,
            f"Node 1 has a route to {PLAN.block(TWO)} through {TWO}, in its own subnet.",
            "It leaves in a frame to the MAC of node 2; the source/destination check is off.",
            "The VPC delivers a frame for a MAC of the same subnet without the route table.",
            "Node 2 forwards it to its own block, on its bridge.",
            f"The pod sees the sender {FIRST}.",
        ),
    )


def _between() -> Way:
    return Way(
        heading=f"From {SECOND} to {FAR}, in another subnet; not translated on any hop",
        crossing=1,
        sender=(1, 1),
        receiver=(2, 0),
        wrapped=True,
        hops=(
            TO_BRIDGE,
            f"Node 1 has a route to {PLAN.block(OTHER)} through {OTHER}, in another subnet.",
            "The neighbour and fdb entries of podnet0 lead to node 65, as in mode overlay.",
            f"podnet0 wraps it in a UDP packet to port {ROUTING.port}, from node 1 to node 65.",
            "The VPC router carries it by its local route, like any other between nodes.",
            "podnet0 of node 65 takes the wrapping off.",
            "Node 65 forwards it to its own block, on its bridge.",
            f"The pod sees the sender {SECOND}.",
        ),
    )
