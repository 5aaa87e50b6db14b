"""What several pictures have in common, with the addresses of the default settings."""

from __future__ import annotations

from ipaddress import IPv4Address

from docs.pictures.scene import Crossing, Layer, Picture, Station, Way
from podnet.plan.address import AddressPlan
from podnet.plan.node_network import BRIDGE, OVERHEAD, VPC_MTU
from podnet.plan.routing import Routing
from podnet.plan.settings import Settings

MTU = VPC_MTU - OVERHEAD

PLAN = Settings().addresses
ONE, TWO = PLAN.node(1), PLAN.node(2)
SENDER, RECEIVER = PLAN.block(ONE)[2], PLAN.block(TWO)[2]
ROUTING = Routing()

TO_BRIDGE = f"The pod's default route leads to its gateway {PLAN.gateway(ONE)}, the bridge."
TO_LINK = f"All of {PLAN.pods} is on the pod's link: it asks by ARP for the MAC of {RECEIVER}."
OWN_BLOCK = "Node 2 forwards it to its own block, on its bridge."
SEEN = f"The pod sees the sender {SENDER}."


def pair(
    title: str,
    crossing: Crossing,
    layers: tuple[tuple[Layer, ...], ...],
    hops: tuple[str, ...],
    *,
    wrapped: bool = False,
) -> Picture:
    """Two nodes, and a packet from the first pod of one to the first pod of the other."""
    return Picture(
        title=title,
        place=f"VPC {PLAN.vpc}",
        stations=tuple(
            Station(
                name=f"node {number}",
                link=f"eth0 {node}, MTU {VPC_MTU}",
                layers=own,
                pods=pods(node),
            )
            for number, node, own in zip((1, 2), (ONE, TWO), layers, strict=True)
        ),
        crossings=(crossing,),
        ways=(
            Way(
                heading=f"From {SENDER} to {RECEIVER}, not translated on any hop",
                crossing=0,
                sender=(0, 0),
                receiver=(1, 0),
                hops=hops,
                wrapped=wrapped,
            ),
        ),
    )


def in_subnet(name: str, sender: IPv4Address, receiver: IPv4Address) -> Crossing:
    """Two nodes of one subnet."""
    return Crossing(
        title="Inside the subnet",
        rows=(
            ("Ethernet to", f"MAC of {name}'s eth0"),
            ("IP from", str(sender)),
            ("IP to", str(receiver)),
            ("route table", "not asked"),
        ),
        marked=frozenset({0}),
    )


def on_wire(inside: str, sender: IPv4Address, receiver: IPv4Address, vni: int) -> Crossing:
    """A packet inside another."""
    return Crossing(
        title="On the wire, from node 1 to node 2",
        rows=(
            ("IP", f"{sender} > {receiver}"),
            ("UDP to", str(ROUTING.port)),
            ("VXLAN", f"VNI {vni}"),
            ("inside", inside),
        ),
        marked=frozenset({0, 1, 2}),
    )


def on_wire_gre(inside: str) -> Crossing:
    """A packet inside GRE, from node 1 to node 2."""
    return Crossing(
        title="On the wire, from node 1 to node 2",
        rows=(
            ("IP", f"{ONE} > {TWO}"),
            ("protocol", "47, GRE"),
            ("key", str(ROUTING.vni)),
            ("inside", inside),
        ),
        marked=frozenset({0, 1, 2}),
    )


def routes(*entries: str) -> Layer:
    """Routes of a node."""
    return Layer(name="routes", entries=entries)


def peer_route(peer: IPv4Address, link: str, plan: AddressPlan = PLAN) -> str:
    """A route to the block of a peer, as the kernel lists it."""
    return f"{plan.block(peer)} via {peer} dev {link}"


def own_route(node: IPv4Address, plan: AddressPlan = PLAN) -> Layer:
    """A node's route to its own block."""
    return routes(f"{plan.block(node)} dev {BRIDGE}")


def bridge(
    node: IPv4Address,
    plan: AddressPlan = PLAN,
    *,
    flat: bool = False,
    entries: tuple[str, ...] = (),
) -> Layer:
    """The pods' bridge with its address, whose prefix says what is on-link."""
    prefix = plan.pods.prefixlen if flat else plan.block_prefix
    return Layer(name=BRIDGE, says=f"{plan.gateway(node)}/{prefix}, MTU {MTU}", entries=entries)


def pods(node: IPv4Address, plan: AddressPlan = PLAN) -> tuple[str, str]:
    """The first two pods of a node: the block's first address is their gateway."""
    return str(plan.block(node)[2]), str(plan.block(node)[3])
