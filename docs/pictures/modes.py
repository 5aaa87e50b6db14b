"""The routing modes as scenes; every address, MAC and port is computed, none is written down."""

from __future__ import annotations

from dataclasses import replace

from docs.pictures.hybrid import hybrid
from docs.pictures.parts import (
    MTU,
    ONE,
    OWN_BLOCK,
    PLAN,
    RECEIVER,
    ROUTING,
    SEEN,
    SENDER,
    TO_BRIDGE,
    TO_LINK,
    TWO,
    bridge,
    in_subnet,
    on_wire,
    on_wire_gre,
    own_route,
    pair,
    peer_route,
    routes,
)
from docs.pictures.scene import Crossing, Layer, Picture
from podnet.plan.address import bridge_mac, overlay_mac

BOTH = ((ONE, TWO), (TWO, ONE))
EVERY_MAC = "00:00:00:00:00:00"


def pictures() -> dict[str, Picture]:
    """Every picture by the word that names its mode in a node's tag."""
    return {
        "vpc-routes": vpc_routes(),
        "host-gw": host_gw(),
        "overlay": overlay(),
        "overlay-gre": overlay_gre(),
        "hybrid": hybrid(),
        "l2": flat(),
        "l2-ethernet": ethernet(),
    }


def vpc_routes() -> Picture:
    """The VPC router forwards."""
    return pair(
        "Mode vpc-routes: the VPC route table knows the block of every node",
        Crossing(
            title="VPC router, route table",
            rows=(
                (str(PLAN.vpc), "local"),
                (str(PLAN.block(ONE)), "interface of node 1"),
                (str(PLAN.block(TWO)), "interface of node 2"),
                ("0.0.0.0/0", "internet gateway"),
            ),
            marked=frozenset({2}),
        ),
        (
            (routes(f"default via {PLAN.subnet(0)[1]} dev eth0"), bridge(ONE)),
            (own_route(TWO), bridge(TWO)),
        ),
        (
            TO_BRIDGE,
            f"Node 1 has no route to {PLAN.block(TWO)} but its default route.",
            "It leaves under the pod's address, since the source/destination check is off.",
            f"The route table leads {PLAN.block(TWO)} to the network interface of node 2.",
            OWN_BLOCK,
            SEEN,
        ),
    )


def host_gw() -> Picture:
    """Each node forwards to its peers' addresses."""
    return pair(
        "Mode host-gw: each node has a route to the block of every peer",
        in_subnet("node 2", SENDER, RECEIVER),
        (
            (routes(peer_route(TWO, "eth0")), bridge(ONE)),
            (own_route(TWO), bridge(TWO)),
        ),
        (
            TO_BRIDGE,
            f"Node 1 has a route to {PLAN.block(TWO)} through the address of node 2.",
            "It leaves in a frame to the MAC of node 2; the source/destination check is off.",
            "The VPC delivers a frame for a MAC of the same subnet without the route table.",
            OWN_BLOCK,
            SEEN,
        ),
    )


def overlay() -> Picture:
    """Each node wraps packets for its peers."""
    devices = [
        Layer(
            name="podnet0",
            says=f"{overlay_mac(own)}, MTU {MTU}",
            entries=(
                f"neigh {peer} lladdr {overlay_mac(peer)}",
                f"fdb {overlay_mac(peer)} dst {peer}",
            ),
        )
        for own, peer in BOTH
    ]
    return pair(
        "Mode overlay: pod packets cross the VPC inside UDP packets between the nodes",
        on_wire(f"IP {SENDER} > {RECEIVER}", ONE, TWO, ROUTING.vni),
        (
            (devices[0], routes(peer_route(TWO, "podnet0")), bridge(ONE)),
            (devices[1], own_route(TWO), bridge(TWO)),
        ),
        (
            TO_BRIDGE,
            f"Node 1 has a route to {PLAN.block(TWO)} through the address of node 2, on podnet0.",
            "The neighbour entry gives that address a MAC; the fdb entry puts it behind node 2.",
            f"podnet0 wraps it in a UDP packet to port {ROUTING.port}, from node 1 to node 2.",
            "The VPC carries a packet between nodes, like any other.",
            "podnet0 of node 2 takes the wrapping off.",
            OWN_BLOCK,
            SEEN,
        ),
        wrapped=True,
    )


def overlay_gre() -> Picture:
    """Each node wraps packets for its peers, without a frame inside."""
    devices = [
        Layer(
            name="podnet2",
            says=f"{own}, key {ROUTING.vni}, MTU {MTU}",
            entries=(f"neigh {peer} lladdr {peer}",),
        )
        for own, peer in BOTH
    ]
    return pair(
        "Mode overlay with encapsulation gre: pod packets cross the VPC as protocol 47",
        on_wire_gre(f"IP {SENDER} > {RECEIVER}"),
        (
            (devices[0], routes(peer_route(TWO, "podnet2")), bridge(ONE)),
            (devices[1], own_route(TWO), bridge(TWO)),
        ),
        (
            TO_BRIDGE,
            f"Node 1 has a route to {PLAN.block(TWO)} through the address of node 2, on podnet2.",
            "The neighbour entry says where that address is: at itself. So there the packet goes.",
            f"podnet2 wraps it in GRE with key {ROUTING.vni}, from node 1 to node 2.",
            "The VPC carries a packet between nodes, like any other.",
            "podnet2 of node 2 takes the wrapping off.",
            OWN_BLOCK,
            SEEN,
        ),
        wrapped=True,
    )


def flat() -> Picture:
    """One link for all pods, over VXLAN."""
    devices = [
        Layer(
            name="podnet1",
            says="port of kube-bridge",
            entries=(f"fdb {EVERY_MAC} dst {peer}", f"fdb {bridge_mac(peer)} dst {peer}"),
        )
        for _, peer in BOTH
    ]
    return pair(
        "Mode l2: all pods are on one link, stretched between the nodes by VXLAN",
        on_wire("Ethernet, pod to pod", ONE, TWO, ROUTING.vni + 1),
        ((devices[0], bridge(ONE, flat=True)), (devices[1], bridge(TWO, flat=True))),
        (
            TO_LINK,
            "The bridge has learned that MAC behind podnet1, where the ARP question went too.",
            f"podnet1 wraps the frame in UDP to port {ROUTING.port}; a broadcast once a peer.",
            "The VPC carries a packet between nodes; podnet1 of node 2 takes the wrapping off.",
            f"The bridge hands it to the pod; ARP for others than {PLAN.block(TWO)} ends here.",
            SEEN,
        ),
        wrapped=True,
    )


def ethernet() -> Picture:
    """One link for all pods, on the wire itself."""
    drawn = pair(
        "Mode l2 with uplink ethernet: all pods are on one link, the nodes' own wire",
        Crossing(
            title="Switch",
            rows=(
                ("port of node 1", f"MAC of pod {SENDER}"),
                ("port of node 2", f"MAC of pod {RECEIVER}"),
                ("broadcast", "to every port"),
            ),
            marked=frozenset({1}),
        ),
        tuple(
            (
                Layer(name="phys-bridge", says=str(own), entries=("ports eth0, to-pods",)),
                bridge(own, flat=True, entries=("ports to-phys, podnet1, pods",)),
            )
            for own, _ in BOTH
        ),
        (
            TO_LINK,
            "The pair of links to-phys and to-pods ties the two bridges together.",
            "The frame leaves by eth0 as it is, with the MACs of the pods.",
            "The switch has learned the receiver's MAC at this port. A VPC drops the frame.",
            "The two bridges of node 2 pass it on.",
            SEEN,
        ),
    )
    stations = tuple(replace(node, link="eth0 without an address") for node in drawn.stations)
    place = f"Subnet {PLAN.subnet(0)}, a plain switch and no VPC"
    return replace(drawn, place=place, stations=stations)
