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
ONE, TWO, THREE = (PLAN.node(number) for number in (1, 2, 3))
FIRST, SECOND = PLAN.block(ONE)[2], PLAN.block(ONE)[3]
NEAR, FAR = PLAN.block(THREE)[2], PLAN.block(TWO)[2]
TO_BRIDGE = f"The pod's default route leads to its gateway {PLAN.gateway(ONE)}, the bridge."


def hybrid() -> Picture:
    """Natively inside a subnet, wrapped between subnets."""
    return Picture(
        title="Mode overlay with crossZoneOnly: natively inside a zone, wrapped between zones",
        place=f"VPC {PLAN.vpc}",
        subnets=(
            (f"zone a, subnet {PLAN.subnet(ONE)}", 0, 1),
            (f"zone b, subnet {PLAN.subnet(TWO)}", 2, 2),
        ),
        stations=(
            Station(
                name="node 3",
                link=str(THREE),
                pods=pods(THREE, PLAN),
                narrow=True,
                layers=(own_route(THREE, PLAN), bridge(THREE, PLAN)),
            ),
            Station(
                name="node 1",
                link=str(ONE),
                pods=pods(ONE, PLAN),
                layers=(
                    Layer(name="podnet0", says=f"MTU {MTU}", above=1),
                    routes(peer_route(THREE, "eth0", PLAN), peer_route(TWO, "podnet0", PLAN)),
                    bridge(ONE, PLAN),
                ),
            ),
            Station(
                name="node 2",
                link=str(TWO),
                pods=pods(TWO, PLAN),
                narrow=True,
                layers=(
                    Layer(name="podnet0", says=f"MTU {MTU}"),
                    own_route(TWO, PLAN),
                    bridge(TWO, PLAN),
                ),
            ),
        ),
        crossings=(
            in_subnet("node 3", FIRST, NEAR),
            on_wire(f"IP {SECOND} > {FAR}", ONE, TWO, ROUTING.vni),
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
            f"Node 1 has a route to {PLAN.block(THREE)} through {THREE}, in its own subnet.",
            "It leaves in a frame to the MAC of node 3; the source/destination check is off.",
            "The VPC delivers a frame for a MAC of the same subnet without the route table.",
            "Node 3 forwards it to its own block, on its bridge.",
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
            f"Node 1 has a route to {PLAN.block(TWO)} through {TWO} on podnet0, in another subnet.",
            "The neighbour and fdb entries of podnet0 lead to node 2, as in mode overlay.",
            f"podnet0 wraps it in a UDP packet to port {ROUTING.port}, from node 1 to node 2.",
            "The VPC router carries it by its local route, like any other between nodes.",
            "podnet0 of node 2 takes the wrapping off.",
            "Node 2 forwards it to its own block, on its bridge.",
            f"The pod sees the sender {SECOND}.",
        ),
    )
