import errno
import socket
from dataclasses import replace

import pytest

from podnet.lab.cloud.fabric import AWS_HOST
from podnet.system.commands import run
from tests.lab.fabric.hosts import (
    IP_MTU_DISCOVER,
    IP_PMTUDISC_DO,
    Host,
    ping,
    tcp,
    udp,
    udp_answered,
    who_has,
)
from tests.lab.fabric.worlds import (
    ALL_IN,
    ALL_OUT,
    POD,
    both,
    rule,
    with_eni,
    with_groups,
    with_routes,
    world,
)

pytestmark = pytest.mark.lab
BESIDE = AWS_HOST + 1
"""A public address beside those of the internet's own hosts."""

METADATA = "169.254.169.254"
RESOLVER = "192.168.0.2"


def test_the_internet_sees_an_interfaces_public_address(lab):
    lab.apply(world())

    assert udp_answered(lab.host("a1"), lab.internet) == "54.0.1.1"
    assert tcp(lab.host("b1"), lab.internet) == "54.0.1.4"


def test_the_internet_reaches_an_interface_by_its_public_address(lab):
    lab.apply(with_groups(world(), a2=(ALL_OUT,)))

    assert udp_answered(lab.internet, lab.host("a1"), "54.0.1.1") == str(lab.internet.address)
    assert not udp(lab.internet, lab.host("a2"), "54.0.1.2"), "no rule lets it in"


def test_the_internet_does_not_reach_a_private_address(make_lab):
    lab = make_lab()
    lab.apply(world())
    run(
        "ip",
        "-n",
        lab.internet.namespace,
        "route",
        "add",
        "192.168.0.0/16",
        "via",
        "169.254.255.1",
        "dev",
        "igw-00000001",
        "onlink",
    )

    assert not udp(lab.internet, lab.host("a1"))
    assert udp(lab.internet, lab.host("a1"), "54.0.1.1")


def test_an_interface_without_a_public_address_does_not_reach_the_internet(lab):
    lab.apply(with_eni(world(), "a1", public_address=None))

    assert not udp(lab.host("a1"), lab.internet)
    assert udp(lab.host("a2"), lab.internet)


def test_the_gateway_drops_sources_that_are_no_interfaces(lab):
    lab.apply(with_routes(world(), a1="10.1.1.0/24"))
    pod = lab.pod("a1")

    assert not udp(pod, lab.internet, source=POD["a1"])
    assert udp(pod, lab.internet) == "54.0.1.1"


def test_a_subnet_without_a_default_route_does_not_reach_the_internet(lab):
    before = world()
    lab.apply(replace(before, route_tables=(replace(before.route_tables[0], routes=()),)))

    assert not udp(lab.host("a1"), lab.internet)


def test_the_internet_is_a_1500_byte_link(lab):
    lab.apply(world())

    assert ping(lab.host("a1"), lab.internet.address, size=1500, df=True)
    assert not ping(lab.host("a1"), lab.internet.address, size=1501, df=True)
    assert ping(lab.host("a1"), lab.internet.address, size=4000), "in fragments"


def test_path_mtu_discovery_needs_the_rule_for_fragmentation_needed(lab):
    learnt = []
    for rules in ((ALL_OUT,), (ALL_OUT, rule(protocol="icmp", ports=(3, 4)))):
        lab.apply(with_groups(world(), a1=rules))
        with lab.host("a1").endpoint(socket.SOCK_DGRAM) as client:
            client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            client.connect((str(lab.internet.address), 7))
            client.send(b"." * 2000)
            try:
                client.recv(1)
            except OSError as error:
                learnt.append(error.errno == errno.EMSGSIZE)

    assert learnt == [False, True]


def test_a_new_public_address_takes_the_place_of_the_old(lab):
    lab.apply(world())
    assert udp(lab.host("a1"), lab.internet) == "54.0.1.1"
    lab.apply(with_eni(world(), "a1", public_address=BESIDE))

    assert udp(lab.host("a1"), lab.internet) == str(BESIDE)
    assert not udp(lab.internet, lab.host("a1"), "54.0.1.1")


def test_two_vpcs_meet_over_the_internet_by_public_addresses_only(lab):
    lab.apply(both(world(1), world(2)))
    one, other = lab.host("a1"), lab.host("a2", vpc=2)

    assert udp_answered(one, other, "54.0.2.2") == "54.0.1.1"
    assert not udp(one, other), "the same private address is another machine here"


@pytest.fixture
def services(lab):
    lab.apply(with_groups(world(), a1=()))
    return Host(lab.vpc(), lab.host("a1").address)


def test_metadata_and_dns_are_reached_without_a_rule(lab, services):
    one = lab.host("a1")

    assert tcp(one, services, METADATA, port=80) == str(one.address)
    assert tcp(one, services, RESOLVER, port=53)
    assert udp_answered(one, services, RESOLVER, port=53, at=RESOLVER)
    assert who_has(one, METADATA), "also by those that take it to be on their link"


@pytest.mark.parametrize(
    ("to", "port"),
    [(METADATA, 81), (METADATA, 53), (RESOLVER, 80), ("192.168.1.1", 80), ("192.168.1.1", 53)],
)
def test_nothing_else_of_the_router_is_reached(lab, services, to, port):
    assert not tcp(lab.host("a1"), services, to, port=port)
    assert not ping(lab.host("a1"), to)


def test_the_services_of_a_vpc_are_not_reached_from_the_internet(make_lab):
    lab = make_lab()
    lab.apply(world())
    services = Host(lab.vpc(), lab.host("a1").address)
    run(
        "ip",
        "-n",
        lab.internet.namespace,
        "route",
        "add",
        RESOLVER,
        "via",
        "169.254.255.1",
        "dev",
        "igw-00000001",
        "onlink",
    )

    assert udp(lab.host("a1"), services, RESOLVER, port=53)
    assert not udp(lab.internet, services, RESOLVER, port=53)


def test_a_dhcp_exchange_by_broadcast_and_by_unicast_passes(lab, services):
    one = lab.host("a1")
    one.ip("address flush dev eth0", "route add default dev eth0")
    with services.listening(67) as server, one.listening(68) as client:
        for end, device in ((server, b"br-00010001"), (client, b"eth0")):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        client.sendto(b"discover", ("255.255.255.255", 67))
        heard, (source, _) = server.recvfrom(100)
        server.sendto(b"broadcast", ("255.255.255.255", 68))
        by_broadcast = client.recv(100)
        one.ip("address add 192.168.1.11/24 dev eth0")
        server.sendto(b"unicast", (str(one.address), 68))
        by_unicast = client.recv(100)

    assert (heard, source) == (b"discover", "0.0.0.0")  # noqa: S104
    assert (by_broadcast, by_unicast) == (b"broadcast", b"unicast")


def test_a_closed_machine_receives_from_the_gateway_only_what_a_rule_allows(lab):
    lab.apply(with_groups(world(), a1=(ALL_IN,)))

    assert udp_answered(lab.internet, lab.host("a1"), "54.0.1.1")
    assert not udp(lab.host("a1"), lab.internet), "no rule lets it out"
