"""The faults that the probe must find, created in namespaces, and the cells that then fail."""

import pytest

pytestmark = pytest.mark.lab

ONE = {"node-1", "pod-1-2", "pod-1-3"}
TWO = {"node-2", "pod-2-2", "pod-2-3"}
PODS_OF_TWO = {"pod-2-2", "pod-2-3"}
PODS = {"pod-1-2", "pod-1-3", *PODS_OF_TWO}


def times(first, second):
    return {(one, two) for one in first for two in second if one != two}


# From one node straight to the other the switch is enough; only pod blocks need the router.
THROUGH_ROUTER = times(ONE, PODS_OF_TWO) | times(TWO, PODS - PODS_OF_TWO)


def test_a_sound_cluster_is_all_green(cluster):
    matrix = cluster.probe()

    assert matrix.failed == ()
    assert (matrix.pairs, matrix.passed) == (30, 30)
    # three checks a pair, both ways between containers, internet and metadata for each
    assert len(matrix.results) == 30 * 3 + 4 * 2 + 6 + 6


def test_a_masqueraded_pod_is_seen_as_its_node(cluster):
    cluster.nft(
        cluster.nodes[0],
        "add rule inet podnet post ip saddr 10.1.1.0/24 ip daddr != 10.1.1.0/24 masquerade",
    )

    found = cluster.failing()

    assert {place[:2] for place in found} == times({"pod-1-2", "pod-1-3"}, TWO)
    assert {place[2] for place in found} == {"tcp", "udp"}
    assert found["pod-1-2", "pod-2-2", "udp"] == "seen as 192.168.1.11, not 10.1.1.2"
    assert found["pod-1-3", "node-2", "tcp"] == "seen as 192.168.1.11, not 10.1.1.3"


def test_a_pod_that_leaves_the_cluster_with_its_own_address_is_not_answered(cluster):
    cluster.nft(cluster.nodes[0], "flush chain inet podnet post")

    found = cluster.failing()

    assert found == dict.fromkeys(
        ((pod, "internet", "internet") for pod in ("pod-1-2", "pod-1-3")), "no answer in 1.0 s"
    )


def test_an_internet_host_that_sees_the_wrong_node_is_named(cluster):
    cluster.nft(cluster.router, "delete element ip nat out { 192.168.1.11 : 203.0.113.11 }")
    cluster.nft(cluster.router, "add element ip nat out { 192.168.1.11 : 203.0.113.12 }")

    found = cluster.failing()

    assert found == dict.fromkeys(
        ((name, "internet", "internet") for name in ONE), "seen as 203.0.113.12, not 203.0.113.11"
    )


def test_blocked_udp_leaves_tcp_green(cluster):
    cluster.nft(cluster.nodes[1], "add rule inet podnet forward iifname eth0 ip protocol udp drop")

    found = cluster.failing()

    there, back = times(ONE, PODS_OF_TWO), times(PODS_OF_TWO, ONE)
    assert {place[:2] for place in found if place[2] == "udp"} == there | back
    assert {place[:2] for place in found if place[2] == "mtu"} == there
    assert {place[2] for place in found} == {"udp", "mtu"}
    assert found["pod-1-2", "pod-2-2", "udp"] == "no answer in 1.0 s"
    assert found["pod-2-2", "pod-1-2", "udp"] == "arrived, but no answer came back in 1.0 s"


def test_blocked_tcp_leaves_udp_green(cluster):
    cluster.nft(
        cluster.nodes[1],
        "add rule inet podnet forward iifname eth0 ip saddr 10.1.1.0/24 ip protocol tcp reject",
    )

    found = cluster.failing()

    there, back = times({"pod-1-2", "pod-1-3"}, PODS_OF_TWO), times(PODS_OF_TWO, PODS - PODS_OF_TWO)
    assert {place[:2] for place in found} == there | back
    assert {place[2] for place in found} == {"tcp"}
    assert found["pod-1-2", "pod-2-2", "tcp"] == "refused"


def test_a_smaller_link_on_the_path_is_reported_by_its_router(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")

    found = cluster.failing()

    assert {place[:2] for place in found} == THROUGH_ROUTER
    assert {place[2] for place in found} == {"mtu"}
    assert set(found.values()) == {"a link on the way takes no packet of 8951 bytes"}


def test_a_black_hole_for_large_packets_is_seen(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")
    cluster.nft(
        cluster.router,
        "table ip silence { chain out { "
        "type filter hook output priority 0; ip protocol icmp drop; }; }",
    )

    found = cluster.failing()

    assert {place[2] for place in found} == {"mtu"}
    assert set(found.values()) == {"no packet of 8951 bytes arrived in 1.0 s"}
    assert {place[:2] for place in found} == THROUGH_ROUTER


def test_a_path_mtu_remembered_from_before_does_not_mislead(cluster):
    cluster.ip(cluster.router, "link set br0 mtu 1500")
    assert cluster.probe().failed
    cluster.ip(cluster.router, "link set br0 mtu 9001")

    assert cluster.failing() == {}


def test_one_byte_over_the_smaller_mtu_must_not_arrive(cluster):
    pod = cluster.path(cluster.endpoint("pod-1-2").netns.name)
    cluster.ip(pod.name, "link set eth0 mtu 9500")
    cluster.ip(cluster.nodes[0], "link set pod2 mtu 9500", "link set kube-bridge mtu 9500")
    cluster.change("pod-1-2", mtu=9500)

    found = cluster.failing()

    # Bridge ports let 4 bytes more than their MTU through, the size of a VLAN tag: with the
    # bridge no longer smaller, the other pod's port does not stop the byte either.
    assert found == dict.fromkeys(
        ((node, "pod-1-3", "mtu") for node in ("node-1", "node-2")),
        "1 byte over the MTU of 8951 got through",
    )


def test_an_interface_smaller_than_it_says_refuses_its_own_full_packet(cluster):
    cluster.ip(cluster.endpoint("pod-1-2").netns.name, "link set eth0 mtu 1400")

    found = cluster.failing()

    assert found["pod-1-2", "pod-2-2", "mtu"] == (
        "the sender's own interface takes no packet of 8951 bytes"
    )
    assert {place[2] for place in found} == {"mtu"}
    assert {place[:2] for place in found} == {
        *times({"pod-1-2"}, ONE | TWO),
        *times(ONE | TWO, {"pod-1-2"}),
    }


def test_a_missing_route_is_named_where_a_router_says_so(cluster):
    cluster.ip(cluster.router, "route delete 10.1.2.0/24")

    found = cluster.failing()

    assert {place[:2] for place in found} == times(ONE, PODS_OF_TWO) | times(PODS_OF_TWO, ONE)
    # A router says so only a few times a second (icmp_ratelimit), so not to every check.
    assert "no route" in {
        found[one, two, check]
        for one, two in times(ONE, PODS_OF_TWO)
        for check in ("tcp", "udp", "mtu")
    }
    assert found["pod-2-2", "pod-1-2", "udp"] == "arrived, but no answer came back in 1.0 s"


def test_a_pod_without_a_default_route_says_so_at_once(cluster):
    cluster.ip(cluster.endpoint("pod-1-2").netns.name, "route delete default")

    found = cluster.failing()

    assert {found["pod-1-2", "pod-2-2", check] for check in ("tcp", "udp", "mtu")} == {"no route"}
    assert found["pod-1-2", "internet", "internet"] == "no route"
    assert ("pod-1-2", "pod-1-3", "tcp") not in found
