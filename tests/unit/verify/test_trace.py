"""The way of packets between two ends that a user names."""

from dataclasses import replace
from ipaddress import IPv4Address
from types import MappingProxyType

import pytest

from podnet.plan.cni import Cni
from podnet.plan.routing import RoutingMode
from podnet.plan.settings import Settings
from podnet.plan.tags import NETWORK, NODE, ROUTING, STACK
from podnet.verify import planned
from podnet.verify.subject import Subject
from podnet.verify.trace import end, trace
from podnet.verify.walk import Kind
from tests.refusals import refused

IDENTITY = "organization/podnet/dev"
PODS = {"web": IPv4Address("10.1.1.7"), "db": IPv4Address("10.1.2.9")}


def subject(**settings):
    """A planned stack as a deployment tags it, with one host beside the nodes."""
    wanted = Settings(node_count=3, **settings)
    world = planned.world(wanted)
    node = {STACK: IDENTITY, NETWORK: wanted.fingerprint, ROUTING: wanted.node_routing.tag()}
    host = replace(
        world.enis[0],
        id="eni-host",
        address=IPv4Address("192.168.1.200"),
        instance_id="i-host",
        source_dest_check=True,
    )
    instances = [
        replace(one, tags=MappingProxyType({**node, NODE: one.id})) for one in world.instances
    ]
    world = replace(
        world,
        enis=(*world.enis, host),
        instances=(*instances, replace(world.instances[0], id="i-host")),
    )
    return Subject(world=world, vpc=world.vpcs[0], identity=IDENTITY, expected=())


def ends(of, *names):
    return [end(of, name, lambda: PODS) for name in names]


def hops(path):
    return [f"{hop.place}: {hop.action}" for hop in path.hops]


@pytest.mark.parametrize(
    ("name", "kind", "shown", "network"),
    [
        ("node-2", Kind.NODE, "node-2", "192.168.1.12/32"),
        ("192.168.1.12", Kind.NODE, "node-2", "192.168.1.12/32"),
        ("the interface of node-2", Kind.NODE, "node-2", "192.168.1.12/32"),
        ("web", Kind.PODS, "web", "10.1.1.7/32"),
        ("10.1.3.4", Kind.PODS, "10.1.3.4 on node-3", "10.1.3.4/32"),
        ("eni-host", Kind.HOST, "eni-host", "192.168.1.200/32"),
        ("192.168.1.200", Kind.HOST, "eni-host", "192.168.1.200/32"),
        ("internet", Kind.INTERNET, "internet", "203.0.113.0/24"),
        ("9.9.9.9", Kind.INTERNET, "9.9.9.9", "9.9.9.9/32"),
    ],
)
def test_an_end_is_a_name_or_an_address(name, kind, shown, network):
    (found,) = ends(subject(), name)

    assert (found.kind, found.name, str(found.network)) == (kind, shown, network)


@pytest.mark.parametrize(
    ("name", "rule", "part"),
    [
        ("node-9", "end-unknown", "node-1, node-2, node-3, web, db, internet"),
        ("", "end-unknown", "known:"),
        ("10.1.2.0/24", "end-unknown", "10.1.2.0/24"),
        ("10.1.77.1", "end-without-holder", "10.1.0.0/16"),
        ("192.168.1.77", "end-without-holder", "192.168.1.0/24"),
        ("2001:db8::1", "end-of-ipv6", "2001:db8::1"),
    ],
)
def test_what_is_no_end_is_refused(name, rule, part):
    with refused(rule) as caught:
        ends(subject(), name)
    assert part in str(caught.value)


def test_pods_are_asked_for_only_where_no_other_name_fits():
    def ask():
        raise AssertionError("asked for pods")

    assert end(subject(), "node-1", ask).kind is Kind.NODE
    assert end(subject(), "10.1.1.7", ask).kind is Kind.PODS


def test_without_pods_the_refusal_says_how_they_are_named():
    with refused("end-unknown") as caught:
        end(subject(), "web", dict)
    assert "named by its address" in str(caught.value)


def test_both_ways_have_their_hops_and_their_answer():
    of = subject(routing=RoutingMode.VPC_ROUTES)
    there, back = trace(of, *ends(of, "web", "db"), "tcp")

    assert (there.failure, back.failure) == (None, None)
    assert "route table a: routes 10.1.2.0/24 to the interface of node-2" in hops(there.path)
    assert "route table a: routes 10.1.1.0/24 to the interface of node-1" in hops(there.path.reply)
    assert hops(back.path) == hops(there.path.reply)
    assert str(there.path.seen) == "10.1.1.7/32"


def test_two_pods_of_one_node_never_leave_it():
    of = subject()
    there, _ = trace(of, *ends(of, "10.1.1.7", "10.1.1.8"), "udp")

    assert hops(there.path) == ["node-1: delivers to 10.1.1.8"]


def test_packets_to_the_internet_go_one_way_and_show_the_address_that_is_seen():
    of = subject()
    (there,) = trace(of, *ends(of, "web", "9.9.9.9"), "tcp")

    assert there.failure is None
    assert "node-1: masquerades as 192.168.1.11" in hops(there.path)
    assert there.path.mtu == 1500


def test_a_host_of_the_vpc_is_followed_too():
    of = subject()
    there, back = trace(of, *ends(of, "eni-host", "node-1"), "tcp", 22)

    assert there.failure is None
    assert str(back.path.seen) == "192.168.1.11/32"


@pytest.mark.parametrize("mode", [mode for mode in RoutingMode if mode != "external"])
def test_every_mode_has_a_way_between_nodes(mode):
    of = subject(routing=mode, node_range_prefix=27)

    assert [way.failure for way in trace(of, *ends(of, "web", "db"), "tcp")] == [None, None]


@pytest.mark.parametrize(
    ("one", "other"), [("web", "web"), ("node-1", "192.168.1.11"), ("internet", "internet")]
)
def test_one_end_twice_is_refused(one, other):
    of = subject()
    with refused("ends-the-same"):
        trace(of, *ends(of, one, other), "tcp")


def test_what_the_internet_begins_is_refused():
    of = subject()
    with refused("end-outside-begins"):
        trace(of, *ends(of, "internet", "web"), "tcp")


def test_a_loop_ends_and_is_named():
    of = subject(routing=RoutingMode.VPC_ROUTES)
    tables = tuple(
        replace(
            table,
            routes=tuple(
                replace(route, target="the interface of node-3")
                if str(route.destination) == "10.1.2.0/24"
                else route
                for route in table.routes
            ),
        )
        for table in of.world.route_tables
    )
    looped = replace(of, world=replace(of.world, route_tables=tables))

    there, back = trace(looped, *ends(looped, "web", "db"), "tcp")

    assert there.failure.cause == "loop"
    assert there.failure.place == "node-3"
    assert back.failure.cause == "loop"


@pytest.mark.parametrize(("one", "other"), [("web", "db"), ("node-1", "db"), ("web", "internet")])
def test_packets_of_pods_that_another_cni_carries_are_not_followed(one, other):
    of = subject(routing=RoutingMode.EXTERNAL, cni=Cni.CALICO)
    with refused("trace-left-to-cni"):
        trace(of, *ends(of, one, other), "tcp")
