"""What a node does on paper is what its agent has the kernel do."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import machine
import nft_ruleset
import peers
import pytest

from podnet.plan.address import AddressPlan
from podnet.plan.routing import VARIANTS, Routing, RoutingMode, Uplink
from podnet.verify.node import Local, Node, Nowhere, Tunnel, Wire
from podnet.verify.packet import Packet, single
from podnet.world.model import Eni

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 27)
OWN = PLAN.node(1)
NEAR, FAR = PLAN.node(2), PLAN.node(PLAN.size + 1)
ELSEWHERE = IPv4Address("192.168.1.200")
DEVICES = {"podnet0": (0, 8472), "kube-bridge": (1, 8472), "podnet2": (0, None)}
"""What a device adds to the VNI, and the port of VXLAN: pods on the bridge of l2 are behind one."""
AGENTS = {
    name: variant.routing
    for name, variant in VARIANTS.items()
    # Flannel and others route to blocks by themselves, and plain switches are no VPC.
    if variant.routing.mode not in (RoutingMode.FLANNEL, RoutingMode.EXTERNAL)
    and variant.routing.uplink is not Uplink.ETHERNET
}


def node(routing):
    eni = Eni(
        id="eni-1",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        mac="",
        address=OWN,
        public_address=None,
        source_dest_check=False,
        group_ids=(),
        instance_id="i-1",
    )
    return Node("node-1", eni, PLAN, routing)


def with_zones(routing):
    return replace(routing, zones=2, vni=5, unmasqueraded=(IPv4Network("172.20.0.0/16"),))


def step(routing, source, target):
    return node(routing).forward(Packet(source, target, "tcp"), is_reply=False)


def by_the_agent(routing, source, target):
    """The step that the routes of the agent lead to: longest prefix, podnet's table for pods."""
    own = machine.Node(PLAN, "eth0", OWN, 9001)
    wanted = peers.wanted(own, routing).routes.values()
    tables = ("112", "main") if source.subnet_of(PLAN.pods) else ("main",)
    for table in tables:
        for route in wanted:
            if route.table == table and target.subnet_of(IPv4Network(route.destination)):
                if route.link == "eth0":
                    return "wire", route.gateway
                owner = next(
                    peer
                    for peer in PLAN.peers(OWN, 2)
                    if target.subnet_of(PLAN.block(peer)) or target == single(peer)
                )
                more, port = DEVICES[route.link]
                return "tunnel", str(owner), routing.vni + more, port
    return "wire", ""


def on_paper(found):
    match found:
        case Tunnel(peer, vni, port):
            return "tunnel", str(peer), vni, port
        case Wire(_, via):
            return "wire", str(via or "")
    return found


@pytest.mark.parametrize("routing", [*map(with_zones, AGENTS.values())], ids=AGENTS)
@pytest.mark.parametrize(
    "source", [PLAN.block(OWN), single(OWN)], ids=["from pods", "from the node"]
)
@pytest.mark.parametrize(
    "target",
    [
        PLAN.block(NEAR),
        PLAN.block(FAR),
        single(NEAR),
        single(FAR),
        single(ELSEWHERE),
        IPv4Network("10.1.200.0/24"),
        IPv4Network("203.0.113.0/24"),
    ],
    ids=["near block", "far block", "near node", "far node", "host", "no block", "internet"],
)
def test_a_packet_takes_the_route_of_the_agent(routing, source, target):
    assert on_paper(step(routing, source, target)) == by_the_agent(routing, source, target)


@pytest.mark.parametrize("routing", [*map(with_zones, AGENTS.values())], ids=AGENTS)
@pytest.mark.parametrize(
    "target",
    [
        ELSEWHERE,
        PLAN.vpc[2],
        # In the node range, and no node's.
        PLAN.node_range(0)[5],
        *map(IPv4Address, ("203.0.113.9", "172.20.3.4", "192.168.3.40")),
    ],
)
def test_what_leaves_a_block_is_masqueraded_as_the_agents_table_says(routing, target):
    own = machine.Node(PLAN, "eth0", OWN, 9001)
    leaving = nft_ruleset.tables(own, routing)["inet"].partition("chain leaving")[2]
    kept = [IPv4Network(line.split()[5]) for line in leaving.splitlines() if "return" in line]

    found = step(routing, PLAN.block(OWN), single(target))

    is_kept = any(target in network for network in kept) and target != PLAN.vpc[2]
    assert isinstance(found, Wire)
    assert (found.packet.source == PLAN.block(OWN)) == is_kept


def test_own_addresses_are_local_and_the_metadata_service_is_closed_to_pods():
    routing = Routing()

    assert step(routing, PLAN.block(OWN), single(OWN)) == Local()
    assert step(routing, single(OWN), PLAN.block(OWN)) == Local()
    assert isinstance(step(routing, PLAN.block(OWN), IPv4Network("169.254.169.254/32")), Nowhere)
