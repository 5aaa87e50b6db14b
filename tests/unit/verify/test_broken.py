"""Each single fault of a VPC, in each mode: the pairs that fail, and the cause that is named."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from podnet.plan.routing import Encapsulation, RoutingMode
from podnet.verify.packet import Cause
from podnet.world.model import Route
from tests.unit.verify.broken import Paper

NAMES = ("node-1", "node-2", "node-3")
PODS = [f"pods of {name}" for name in NAMES]
MODES = {
    "vpc-routes": {"routing": RoutingMode.VPC_ROUTES},
    "host-gw": {"routing": RoutingMode.HOST_GW},
    "overlay": {"routing": RoutingMode.OVERLAY},
    "overlay-gre": {"routing": RoutingMode.OVERLAY, "encapsulation": Encapsulation.GRE},
    "l2": {"routing": RoutingMode.L2, "node_range_prefix": 27},
    "flannel": {"routing": RoutingMode.FLANNEL},
}
NATIVE, BY_VXLAN = ("vpc-routes", "host-gw"), ("overlay", "l2", "flannel")
WRAPPED = (*BY_VXLAN, "overlay-gre")
RULES = {**dict.fromkeys(BY_VXLAN, "vxlan-8472"), "overlay-gre": "gre"}
"""The rule for what wraps packets of pods."""


def paper(mode):
    return Paper.of(node_count=3, **MODES[mode])


def pairs(sources, targets):
    """All of these pairs that are not on one node."""
    return {
        (source, target)
        for source in sources
        for target in targets
        if source.rpartition(" ")[2] != target.rpartition(" ")[2]
    }


def between(names, others, kinds=(PODS, NAMES)):
    """All pairs with one of `names` on either side, of ends of `others` on the other."""
    all_ends = [end for ends in kinds for end in ends]
    mine = [end for end in all_ends if end.rpartition(" ")[2] in names]
    theirs = [end for end in all_ends if end.rpartition(" ")[2] in others]
    return pairs(mine, theirs) | pairs(theirs, mine)


POD_PAIRS = pairs(PODS, PODS)
MIXED = pairs(PODS, NAMES) | pairs(NAMES, PODS)
NODE_PAIRS = pairs(NAMES, NAMES)
OUT = pairs([*PODS, *NAMES], ["internet"])
TO_1 = {("pods of node-1", other) for other in (*PODS[1:], *NAMES[1:])}


@pytest.mark.parametrize("mode", MODES)
def test_nothing_fails_where_nothing_is_broken(mode):
    assert paper(mode).failing() == {}


@pytest.mark.parametrize("mode", NATIVE)
def test_a_check_that_is_on_drops_what_is_of_pods(mode):
    found = paper(mode).eni("node-1", source_dest_check=True).failing()

    of_pods = {pair for pair in POD_PAIRS | MIXED if "pods of node-1" in pair}
    assert found.keys() == of_pods
    assert found["pods of node-1", "node-2"] == Cause.SOURCE_CHECK
    assert found["node-2", "pods of node-1"] == Cause.DESTINATION_CHECK


@pytest.mark.parametrize("mode", WRAPPED)
def test_a_check_that_is_on_drops_nothing_that_is_wrapped(mode):
    assert paper(mode).eni("node-1", source_dest_check=True).failing() == {}


@pytest.mark.parametrize("mode", NATIVE)
def test_without_the_rule_for_pods_no_packet_of_a_pod_comes_in(mode):
    found = paper(mode).without_rule("pods").failing()

    assert found == dict.fromkeys(POD_PAIRS | pairs(PODS, NAMES), Cause.INGRESS)


@pytest.mark.parametrize("mode", WRAPPED)
def test_the_rule_for_what_wraps_is_part_of_the_one_between_nodes(mode):
    assert paper(mode).without_rule(RULES[mode]).failing() == {}


@pytest.mark.parametrize("mode", WRAPPED)
def test_without_both_no_packet_between_nodes_comes_in(mode):
    found = paper(mode).without_rule("nodes", RULES[mode]).failing()

    assert found == dict.fromkeys(POD_PAIRS | MIXED | NODE_PAIRS, Cause.INGRESS)


@pytest.mark.parametrize("mode", WRAPPED)
def test_the_rule_for_what_wraps_alone_lets_pods_through_and_not_nodes(mode):
    found = paper(mode).without_rule("nodes").failing()

    assert found == dict.fromkeys(NODE_PAIRS, Cause.INGRESS)


@pytest.mark.parametrize("protocol", ["4", "50", "udp", "gre"])
def test_a_rule_for_another_protocol_lets_no_gre_in(protocol):
    closed = paper("overlay-gre").without_rule("nodes")

    found = closed.rule("gre", protocol=protocol).failing()

    # The name is none of EC2's, and stands for protocol 47 where somebody else has written it.
    lost = {} if protocol == "gre" else dict.fromkeys(POD_PAIRS | MIXED, Cause.INGRESS)
    assert found == dict.fromkeys(NODE_PAIRS, Cause.INGRESS) | lost


def test_a_rule_for_gre_is_for_all_of_it_whatever_ports_it_names():
    closed = paper("overlay-gre").without_rule("nodes")

    found = closed.rule("gre", from_port=1, to_port=2).failing()

    assert found == dict.fromkeys(NODE_PAIRS, Cause.INGRESS)


@pytest.mark.parametrize("mode", BY_VXLAN)
def test_a_rule_for_another_port_lets_no_vxlan_in(mode):
    closed = paper(mode).without_rule("nodes")

    found = closed.rule("vxlan-8472", from_port=4789, to_port=4789).failing()

    assert found == dict.fromkeys(POD_PAIRS | MIXED | NODE_PAIRS, Cause.INGRESS)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_rule_for_what_leaves_nothing_leaves(mode):
    found = paper(mode).without_rule("all").failing()

    assert found == dict.fromkeys(POD_PAIRS | MIXED | NODE_PAIRS | OUT, Cause.EGRESS)


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        (None, Cause.NO_ROUTE),
        ("eni-gone", Cause.BLACKHOLE),
        ("the interface of node-3", Cause.LOOP),
    ],
    ids=["none", "gone", "of another node"],
)
def test_a_route_that_is_missing_or_leads_elsewhere_cuts_off_a_block(target, cause):
    # Without a default route, so that the packet has nowhere else to go.
    found = paper("vpc-routes").route("10.1.2.0/24", target).route("0.0.0.0/0", None).failing()

    to_pods = {pair for pair in POD_PAIRS | MIXED if "pods of node-2" in pair}
    assert {pair: found[pair] for pair in to_pods} == dict.fromkeys(to_pods, cause)
    assert found.keys() == to_pods | OUT


def test_a_block_without_a_route_goes_to_the_internet_which_drops_it():
    found = paper("vpc-routes").route("10.1.2.0/24", None).failing()

    assert {*found.values()} == {Cause.NO_PUBLIC_ADDRESS}


def test_a_route_for_part_of_a_block_cuts_off_that_part():
    broken = paper("vpc-routes").route("10.1.2.128/25", "eni-gone")

    from_others = [
        verdict
        for verdict in broken.prove().failed
        if not verdict.pair[0].name.startswith("node-2")
    ]

    ranges = {str(end.network) for verdict in from_others for end in verdict.target.members}
    assert ranges == {"10.1.2.128/25"}


@pytest.mark.parametrize("mode", ["host-gw", "overlay", "l2", "flannel"])
def test_routes_of_the_vpc_are_for_one_mode_alone(mode):
    assert paper(mode).route("10.1.2.0/24", "eni-gone").failing() == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_is_stopped_is_reached_by_nobody(mode):
    found = paper(mode).stopped("node-2").failing()

    cut = between(["node-2"], ["node-1", "node-3"]) | {pair for pair in OUT if "node-2" in pair[0]}
    assert found == dict.fromkeys(cut, Cause.STOPPED)


@pytest.mark.parametrize("mode", MODES)
def test_a_packet_ends_at_a_node_that_is_stopped_and_not_its_answer(mode):
    failed = paper(mode).stopped("node-2").prove().failed
    to_it = [each for each in failed if each.pair[1].name == "node-2"]

    assert to_it
    assert [each.path.drop for each in to_it if each.path.reply] == []


def one_way(mode):
    """Node-1 lets nothing in; the others let in whatever comes from nodes, by range."""
    return paper(mode).rule("nodes", peer=IPv4Network("192.168.1.0/24")).open_outwards("node-1")


@pytest.mark.parametrize("mode", NATIVE)
def test_a_group_lets_in_what_answers(mode):
    found = one_way(mode).failing()

    assert found == dict.fromkeys(
        {pair for pair in POD_PAIRS | MIXED | NODE_PAIRS if pair[1].endswith("node-1")},
        Cause.INGRESS,
    )


@pytest.mark.parametrize("mode", ["overlay", "l2"])
def test_what_is_wrapped_is_a_flow_of_its_own_each_way(mode):
    found = one_way(mode).failing()

    assert ("pods of node-1", "pods of node-2") in found
    assert ("node-1", "node-2") not in found


def test_an_instance_that_is_no_node_forwards_nothing():
    broken = paper("vpc-routes").taken_by_a_host("node-3")

    found = broken.route("10.1.2.0/24", "the interface of node-3").failing()

    assert found["pods of node-1", "pods of node-2"] == Cause.NOT_FORWARDED


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "host-gw"])
def test_zones_are_joined_by_the_local_route(mode):
    chosen = {**MODES[mode], "node_range_prefix": 28}

    assert Paper.of(zones=3, node_count=2, **chosen).failing() == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_node_in_no_group_receives_nothing(mode):
    found = paper(mode).eni("node-2", group_ids=()).failing()

    assert between(["node-2"], ["node-1", "node-3"]) <= found.keys()
    assert {*found.values()} == {Cause.INGRESS, Cause.EGRESS}


@pytest.mark.parametrize("mode", MODES)
def test_a_node_without_a_public_address_reaches_no_internet(mode):
    found = paper(mode).eni("node-2", public_address=None).failing()

    assert found == dict.fromkeys(
        {("node-2", "internet"), ("pods of node-2", "internet")}, Cause.NO_PUBLIC_ADDRESS
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_must_be_there_and_is_not_fails_the_proof(mode):
    proof = paper(mode).without("node-2").prove(*NAMES)

    assert proof.absent == ("node-2",)
    assert not proof.holds


@pytest.mark.parametrize("mode", ["overlay", "l2", "flannel"])
def test_another_vni_or_port_is_no_device(mode):
    for changes in ({"vni": 40}, {"port": 4789}):
        broken = paper(mode).routed("node-2", **changes)
        assert {*broken.failing().values()} == {Cause.NO_DEVICE}


@pytest.mark.parametrize("first", [RoutingMode.HOST_GW, RoutingMode.OVERLAY, RoutingMode.L2])
def test_a_node_receives_in_every_mode_while_a_switch_is_under_way(first):
    mixed = Paper.of(node_count=3, node_range_prefix=27).routed("node-1", mode=first)

    assert mixed.failing() == {}


def test_pods_in_the_range_of_the_vpc_are_nobodys_interfaces():
    inside = Paper.of(node_count=3, pod_cidr=IPv4Network("192.168.0.0/16"))

    assert Cause.NO_INTERFACE in inside.failing().values()


def test_a_table_with_a_thousand_routes_is_walked_by_the_longest():
    (table,) = (one for one in paper("vpc-routes").world.route_tables if not one.main)
    routes = tuple(
        Route(destination=IPv4Network((0x0A640000 + (number << 8), 24)), target="eni-gone")
        for number in range(1000 - len(table.routes))
    )
    many = paper("vpc-routes")
    whole = replace(table, routes=(*table.routes, *routes))
    many = replace(
        many,
        world=replace(
            many.world,
            route_tables=tuple(whole if one == table else one for one in many.world.route_tables),
        ),
    )

    assert len(whole.routes) == 1000
    assert many.failing() == {}
    assert Cause.BLACKHOLE in many.route("10.1.2.0/24", "eni-gone").failing().values()
