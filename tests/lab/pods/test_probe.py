"""Each fault that the probe must see, made in namespaces, and the cells that it turns red."""

import dataclasses
import resource

import pytest

from lab.pods import Container
from lab.shell import run

pytestmark = pytest.mark.lab

ONE = {"node-1", "pod-1-2", "pod-1-3"}
TWO = {"node-2", "pod-2-2", "pod-2-3"}
PODS_OF_TWO = {"pod-2-2", "pod-2-3"}
PODS = {"pod-1-2", "pod-1-3", *PODS_OF_TWO}


def red(matrix):
    """The failed checks as (from, to, check): reason."""
    return {(each.source, each.target, str(each.check)): each.reason for each in matrix.failed}


def cells(matrix):
    return {(each.source, each.target) for each in matrix.failed}


def times(*sets):
    first, second = sets
    return {(one, two) for one in first for two in second if one != two}


# From one node straight to the other the switch is enough; only pod blocks need the router.
THROUGH_ROUTER = times(ONE, PODS_OF_TWO) | times(TWO, PODS - PODS_OF_TWO)


def endpoint(cluster, name):
    return next(each for each in cluster.endpoints if each.name == name)


def change(cluster, name, **changes):
    cluster.endpoints = [dataclasses.replace(each, **changes) if each.name == name else each
                         for each in cluster.endpoints]


def test_a_sound_cluster_is_all_green(cluster):
    matrix = cluster.probe()

    assert red(matrix) == {}
    assert (matrix.pairs, matrix.passed) == (30, 30)
    # three checks a pair, both ways between containers, internet and metadata for each
    assert len(matrix.results) == 30 * 3 + 4 * 2 + 6 + 6


def test_a_masqueraded_pod_is_seen_as_its_node(cluster):
    cluster.nft(cluster.nodes[0], "add rule inet podnet post ip saddr 10.1.1.0/24 "
                                  "ip daddr != 10.1.1.0/24 masquerade")

    found = red(cluster.probe())

    assert {place[:2] for place in found} == times({"pod-1-2", "pod-1-3"}, TWO)
    assert {place[2] for place in found} == {"tcp", "udp"}
    assert found["pod-1-2", "pod-2-2", "udp"] == "seen as 192.168.1.11, not 10.1.1.2"
    assert found["pod-1-3", "node-2", "tcp"] == "seen as 192.168.1.11, not 10.1.1.3"


def test_a_pod_that_leaves_the_cluster_with_its_own_address_is_not_answered(cluster):
    cluster.nft(cluster.nodes[0], "flush chain inet podnet post")

    found = red(cluster.probe())

    assert found == dict.fromkeys(
        ((pod, "internet", "internet") for pod in ("pod-1-2", "pod-1-3")), "no answer in 1.0 s")


def test_an_internet_host_that_sees_the_wrong_node_is_named(cluster):
    cluster.nft(cluster.router, "delete element ip nat out { 192.168.1.11 : 203.0.113.11 }")
    cluster.nft(cluster.router, "add element ip nat out { 192.168.1.11 : 203.0.113.12 }")

    found = red(cluster.probe())

    assert found == dict.fromkeys(((name, "internet", "internet") for name in ONE),
                                  "seen as 203.0.113.12, not 203.0.113.11")


def test_blocked_udp_leaves_tcp_green(cluster):
    cluster.nft(cluster.nodes[1], "add rule inet podnet forward iifname eth0 ip protocol udp drop")

    found = red(cluster.probe())

    there, back = times(ONE, PODS_OF_TWO), times(PODS_OF_TWO, ONE)
    assert {place[:2] for place in found if place[2] == "udp"} == there | back
    assert {place[:2] for place in found if place[2] == "mtu"} == there
    assert {place[2] for place in found} == {"udp", "mtu"}
    assert found["pod-1-2", "pod-2-2", "udp"] == "no answer in 1.0 s"
    assert found["pod-2-2", "pod-1-2", "udp"] == "arrived, but no answer came back in 1.0 s"


def test_blocked_tcp_leaves_udp_green(cluster):
    cluster.nft(cluster.nodes[1], "add rule inet podnet forward iifname eth0 "
                                  "ip saddr 10.1.1.0/24 ip protocol tcp reject")

    found = red(cluster.probe())

    there, back = times({"pod-1-2", "pod-1-3"}, PODS_OF_TWO), times(PODS_OF_TWO, PODS - PODS_OF_TWO)
    assert {place[:2] for place in found} == there | back
    assert {place[2] for place in found} == {"tcp"}
    assert found["pod-1-2", "pod-2-2", "tcp"] == "refused"


def test_a_smaller_link_on_the_way_is_told_by_its_router(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")

    found = red(cluster.probe())

    assert {place[:2] for place in found} == THROUGH_ROUTER
    assert {place[2] for place in found} == {"mtu"}
    assert set(found.values()) == {"a link on the way takes no packet of 8951 bytes"}


def test_a_black_hole_for_large_packets_is_seen(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")
    cluster.nft(cluster.router, "table ip silence { chain out { "
                                "type filter hook output priority 0; ip protocol icmp drop; }; }")

    found = red(cluster.probe())

    assert {place[2] for place in found} == {"mtu"}
    assert set(found.values()) == {"no packet of 8951 bytes arrived in 1.0 s"}
    assert {place[:2] for place in found} == THROUGH_ROUTER


def test_a_path_mtu_remembered_from_before_does_not_mislead(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")
    assert cluster.probe().failed
    cluster.ip(cluster.router, "link set br0 mtu 9001")

    assert red(cluster.probe()) == {}


def test_one_byte_over_the_smaller_mtu_must_not_arrive(cluster):
    pod = cluster.path(endpoint(cluster, "pod-1-2").netns.name)
    cluster.ip(pod.name, "link set eth0 mtu 9500")
    cluster.ip(cluster.nodes[0], "link set pod2 mtu 9500", "link set kube-bridge mtu 9500")
    change(cluster, "pod-1-2", mtu=9500)

    found = red(cluster.probe())

    # Bridge ports let 4 bytes more than their MTU through, the room of a VLAN tag: with the
    # bridge no longer smaller, the other pod's port does not stop the byte either.
    assert found == {
        ("pod-1-2", "node-1", "mtu"): "1 byte over the MTU of 9001 got through",
        ("node-1", "pod-1-2", "mtu"): "1 byte over the MTU of 9001 got through",
        ("node-1", "pod-1-3", "mtu"): "1 byte over the MTU of 8951 got through",
        ("node-2", "pod-1-3", "mtu"): "1 byte over the MTU of 8951 got through",
    }


def test_an_interface_smaller_than_it_says_refuses_its_own_full_packet(cluster):
    cluster.ip(endpoint(cluster, "pod-1-2").netns.name, "link set eth0 mtu 1400")

    found = red(cluster.probe())

    assert found["pod-1-2", "pod-2-2", "mtu"] == (
        "the sender's own interface takes no packet of 8951 bytes")
    assert {place[2] for place in found} == {"mtu"}
    assert {place[:2] for place in found} == {
        *times({"pod-1-2"}, ONE | TWO), *times(ONE | TWO, {"pod-1-2"})}


def test_a_missing_route_is_named_where_a_router_says_so(cluster):
    cluster.ip(cluster.router, "route delete 10.1.2.0/24")

    found = red(cluster.probe())

    assert {place[:2] for place in found} == times(ONE, PODS_OF_TWO) | times(PODS_OF_TWO, ONE)
    # A router says so only a few times a second (icmp_ratelimit), so not to every check.
    assert "no route" in {found[one, two, check] for one, two in times(ONE, PODS_OF_TWO)
                          for check in ("tcp", "udp", "mtu")}
    assert found["pod-2-2", "pod-1-2", "udp"] == "arrived, but no answer came back in 1.0 s"


def test_a_pod_without_a_default_route_says_so_at_once(cluster):
    cluster.ip(endpoint(cluster, "pod-1-2").netns.name, "route delete default")

    found = red(cluster.probe())

    assert {found["pod-1-2", "pod-2-2", check] for check in ("tcp", "udp", "mtu")} == {"no route"}
    assert found["pod-1-2", "internet", "internet"] == "no route"
    assert ("pod-1-2", "pod-1-3", "tcp") not in found


def test_containers_in_different_namespaces_fail_localhost_alone(cluster):
    other = cluster.path(cluster.namespace("stray"))
    mine = endpoint(cluster, "pod-2-2").netns
    change(cluster, "pod-2-2", containers=(Container("a", mine), Container("b", other)))

    assert red(cluster.probe()) == {
        ("pod-2-2/a", "pod-2-2/b", "localhost"): "refused",
        ("pod-2-2/b", "pod-2-2/a", "localhost"): "refused",
    }


def test_a_pod_whose_loopback_is_down_fails_localhost_alone(cluster):
    cluster.ip(endpoint(cluster, "pod-2-2").netns.name, "link set lo down")

    found = red(cluster.probe())

    assert set(found) == {("pod-2-2/a", "pod-2-2/b", "localhost"),
                          ("pod-2-2/b", "pod-2-2/a", "localhost")}


def test_a_container_that_has_ended_is_gone(cluster):
    change(cluster, "pod-1-2", containers=(
        Container("a", endpoint(cluster, "pod-1-2").netns),
        Container("b", cluster.path("lab-none"))))

    assert red(cluster.probe()) == {
        ("pod-1-2/a", "pod-1-2/b", "localhost"): "pod-1-2/b is gone",
        ("pod-1-2/b", "pod-1-2/a", "localhost"): "pod-1-2/b is gone",
    }


def test_a_pod_that_reaches_the_metadata_service_is_red(cluster):
    cluster.nft(cluster.nodes[0], "flush chain inet podnet forward")

    assert red(cluster.probe()) == dict.fromkeys(
        ((pod, "metadata", "metadata") for pod in ("pod-1-2", "pod-1-3")),
        "reached the metadata service")


def test_a_node_that_does_not_reach_the_metadata_service_is_red(cluster):
    cluster.ip(cluster.router, "address delete 169.254.169.254/32 dev lo")

    assert cells(cluster.probe()) == times({"node-1", "node-2"}, {"metadata"})


def test_a_pod_that_is_gone_is_said_to_be_in_all_its_cells(cluster):
    change(cluster, "pod-1-2", netns=cluster.path("lab-none"), containers=())

    found = red(cluster.probe())

    assert {place[:2] for place in found} == {
        *times({"pod-1-2"}, ONE | TWO | {"internet", "metadata"}),
        *times(ONE | TWO, {"pod-1-2"})}
    assert set(found.values()) == {"pod-1-2 is gone"}


def test_a_node_that_lost_its_address_is_said_to_have(cluster):
    cluster.ip(cluster.nodes[1], "address flush dev eth0", "address add 192.168.1.99/24 dev eth0")
    change(cluster, "node-2", mtu=0)

    found = red(cluster.probe())

    assert found["node-1", "node-2", "tcp"] == "node-2 does not have its address 192.168.1.12"
    assert found["node-2", "pod-2-2", "mtu"] == "node-2 does not have its address 192.168.1.12"


def test_the_loss_of_every_first_packet_is_no_red_cell(cluster):
    cluster.nft(cluster.nodes[1], "table inet loss {\n"
                "set known { type ipv4_addr . inet_service; flags dynamic; timeout 1m; }\n"
                "chain forward { type filter hook forward priority 1; "
                "meta l4proto != udp accept; ip saddr . udp sport @known accept; "
                "add @known { ip saddr . udp sport } drop; }; }")

    assert red(cluster.probe()) == {}


def test_few_open_files_are_made_enough(cluster):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (160, hard))
    try:
        matrix = cluster.probe()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert red(matrix) == {}


@pytest.fixture
def large(cluster):
    """Twelve pods on four nodes."""
    cluster.add_pod(1)
    cluster.add_pod(2)
    for number in (3, 4):
        cluster.add_node()
        for _ in range(3):
            cluster.add_pod(number)
    return cluster


def test_twelve_pods_on_four_nodes_take_under_five_seconds(large):
    matrix = large.probe()

    assert (red(matrix), matrix.pairs) == ({}, 240)
    assert matrix.seconds < 5


def test_they_do_so_also_when_every_pair_between_nodes_fails(large):
    large.ip(large.router, "link set br0 down")
    run("nsenter", f"--net={large.path(large.router)}", "ip", "-batch", "-",
        stdin="\n".join(f"link set port{number} down" for number in (1, 2, 3, 4)))

    matrix = large.probe()

    assert matrix.pairs - matrix.passed == 240 - 4 * 4 * 3
    assert matrix.seconds < 5
