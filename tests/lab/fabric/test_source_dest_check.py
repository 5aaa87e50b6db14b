import pytest

from tests.lab.fabric.hosts import ping, udp, udp_answered
from tests.lab.fabric.worlds import POD, with_eni, with_routes, world

pytestmark = pytest.mark.lab

NEIGHBOURS = pytest.mark.parametrize("other", ["a2", "b1"], ids=["bridged", "routed"])


@NEIGHBOURS
def test_with_the_check_on_an_interface_sends_only_its_own_source(lab, other):
    lab.apply(world())
    sender, receiver = lab.pod("a1"), lab.host(other)
    assert udp(sender, receiver, source=POD["a1"]) == str(POD["a1"])
    lab.apply(with_eni(world(), "a1", source_dest_check=True))

    assert not udp(sender, receiver, source=POD["a1"])
    assert udp_answered(sender, receiver), "its own address is not checked away"


def test_with_the_check_on_an_interface_gets_only_its_own_destination_by_a_route(lab):
    before = with_routes(world(), a2="10.1.2.0/24")
    lab.apply(before)
    pod = lab.pod("a2")
    assert udp(lab.host("b1"), pod, POD["a2"])
    lab.apply(with_eni(before, "a2", source_dest_check=True))

    assert not udp(lab.host("b1"), pod, POD["a2"])
    assert udp_answered(lab.host("b1"), pod)


def test_with_the_check_on_an_interface_gets_only_its_own_destination_from_a_neighbour(lab):
    lab.apply(world())
    pod = lab.pod("a2")
    lab.host("a1").ip(f"route add 10.1.2.0/24 via {pod.address}")
    assert udp(lab.host("a1"), pod, POD["a2"])
    lab.apply(with_eni(world(), "a2", source_dest_check=True))

    assert not udp(lab.host("a1"), pod, POD["a2"])


def test_checked_interfaces_reach_each_other_and_the_internet(lab):
    lab.apply(world(check=True))

    assert ping(lab.host("a1"), lab.host("a2").address)
    assert ping(lab.host("a1"), lab.host("b1").address)
    assert ping(lab.host("a1"), lab.internet.address)
