from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from podnet.world.model import Route, RouteTable
from tests.lab.fabric.hosts import ETH_IP, ping, received, udp
from tests.lab.fabric.worlds import POD, eni_id, with_routes, without_eni, world

pytestmark = pytest.mark.lab


def test_a_pod_route_leads_to_its_interface_and_back(lab):
    lab.apply(with_routes(world(), a1="10.1.1.0/24", b1="10.1.4.0/24"))
    one, other = lab.pod("a1"), lab.pod("b1")
    with_source = udp(one, other, POD["b1"], source=POD["a1"])
    back = udp(other, one, POD["a1"], source=POD["b1"])

    assert (with_source, back) == (str(POD["a1"]), str(POD["b1"]))


def test_the_longest_prefix_wins(lab):
    lab.apply(with_routes(world(), a2="10.1.0.0/16", a3="10.1.2.0/24"))
    wide, narrow = lab.pod("a2", POD["a2"]), lab.pod("a3", POD["a2"])
    lab.pod("a2", POD["b1"])

    assert udp(lab.host("a1"), narrow, POD["a2"])
    assert not udp(lab.host("a1"), wide, POD["a2"])
    assert udp(lab.host("a1"), wide, POD["b1"]), "what only the wide route holds goes its way"


def test_each_subnet_has_its_own_table_or_the_main_one(lab):
    before = with_routes(world(), a2="10.1.2.0/24")
    own = RouteTable(
        id="rtb-0000000f",
        vpc_id="vpc-00000001",
        main=False,
        subnet_ids=("subnet-00010002",),
        routes=(Route(destination=IPv4Network("10.1.3.0/24"), target=eni_id("a3")),),
    )
    lab.apply(replace(before, route_tables=(*before.route_tables, own)))
    two, three = lab.pod("a2"), lab.pod("a3")

    assert udp(lab.host("a1"), two, POD["a2"])
    assert udp(lab.host("b1"), three, POD["a3"])
    assert not udp(lab.host("a1"), three, POD["a3"]), "only the table of subnet b has this route"
    assert not udp(lab.host("b1"), two, POD["a2"]), "subnet b has left the main table"


def test_local_wins_over_a_longer_prefix(lab):
    lab.apply(with_routes(world(), a2="192.168.2.11/32"))
    lab.pod("a2", "192.168.2.11")

    assert udp(lab.host("a1"), lab.host("b1"))
    assert not udp(lab.host("a1"), lab.host("a2"), "192.168.2.11")


def test_a_frame_to_a_neighbours_mac_bypasses_the_table(lab):
    lab.apply(with_routes(world(), a3="10.1.2.0/24"))
    direct, routed = lab.pod("a2", POD["a2"]), lab.pod("a3", POD["a2"])
    assert udp(lab.host("a1"), routed, POD["a2"])
    lab.host("a1").ip(f"route add 10.1.2.0/24 via {lab.host('a2').address}")

    assert udp(lab.host("a1"), direct, POD["a2"])


def test_a_route_by_a_machine_in_another_subnet_does_not_work(lab):
    lab.apply(world())
    pod = lab.pod("b1")
    lab.host("a1").ip(f"route add 10.1.4.0/24 via {lab.host('b1').address} dev eth0 onlink")

    assert not udp(lab.host("a1"), pod, POD["b1"])
    assert udp(lab.host("a1"), pod), "its own address is reached through the VPC router"


def test_a_route_whose_interface_is_gone_is_a_silent_blackhole(lab):
    routed = with_routes(world(), a2="10.1.2.0/24")
    routed = with_routes(routed, a3="10.1.0.0/16")
    lab.apply(routed)
    for name in ("a2", "a3"):
        lab.pod(name, POD["a2"])
    assert udp(lab.host("a1"), lab.host("a2"), POD["a2"])
    lab.apply(without_eni(routed, "a2"))
    with lab.host("a1").wire(ETH_IP) as cable:
        arrived = udp(lab.host("a1"), lab.host("a3"), POD["a2"])
        frames = received(cable)

    assert not arrived, "a blackhole does not fall through to a shorter prefix"
    assert frames == []
    assert udp(lab.host("a1"), lab.pod("a3"), POD["a3"])


def test_a_route_to_a_detached_gateway_is_a_blackhole(lab):
    lab.apply(world())
    assert udp(lab.host("a1"), lab.internet)
    lab.apply(replace(world(), gateways=(replace(world().gateways[0], vpc_id=None),)))

    assert not udp(lab.host("a1"), lab.internet)


def test_unallocated_addresses_are_silent(lab):
    lab.apply(world())
    sender = lab.host("b1")
    with sender.wire(ETH_IP) as cable:
        answers = [ping(sender, address) for address in ("192.168.1.99", "192.168.77.1")]
        frames = received(cable)

    assert answers == [False, False]
    assert frames == []
    assert ping(sender, lab.host("a1").address)


def test_a_changed_route_moves_traffic_and_a_deleted_one_ends_it(lab):
    pods = dict.fromkeys(("a2", "a3"), ("10.1.2.0/24", POD["a2"]))
    reached = []
    for name in ("a2", "a3", None):
        lab.apply(with_routes(world(), **{name: "10.1.2.0/24"}) if name else world())
        for other, (_, address) in pods.items():
            lab.pod(other, address)
        reached.append([other for other in pods if udp(lab.host("a1"), lab.host(other), POD["a2"])])

    assert reached == [["a2"], ["a3"], []]


def test_a_subnet_changes_its_table(lab):
    before = with_routes(world(), a2="10.1.2.0/24")
    other = RouteTable(
        id="rtb-0000000e", vpc_id="vpc-00000001", main=False, subnet_ids=("subnet-00010002",)
    )
    lab.apply(before)
    pod = lab.pod("a2")
    assert udp(lab.host("b1"), pod, POD["a2"])
    lab.apply(replace(before, route_tables=(*before.route_tables, other)))
    assert not udp(lab.host("b1"), pod, POD["a2"])
    lab.apply(before)

    assert udp(lab.host("b1"), pod, POD["a2"])
