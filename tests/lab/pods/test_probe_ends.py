"""Faults of the ends themselves and of the services, and that a large probe asks all at once."""

import resource

import pytest

from podnet.lab.nodes.pods import Container
from podnet.probe.exchange import Exchange
from podnet.system.commands import run

pytestmark = pytest.mark.lab

ONE = {"node-1", "pod-1-2", "pod-1-3"}
TWO = {"node-2", "pod-2-2", "pod-2-3"}


def times(first, second):
    return {(one, two) for one in first for two in second if one != two}


def test_containers_in_different_namespaces_fail_localhost_alone(cluster):
    other = cluster.path(cluster.namespace("stray"))
    mine = cluster.endpoint("pod-2-2").netns
    cluster.change("pod-2-2", containers=(Container("a", mine), Container("b", other)))

    assert cluster.failing() == {
        ("pod-2-2/a", "pod-2-2/b", "localhost"): "refused",
        ("pod-2-2/b", "pod-2-2/a", "localhost"): "refused",
    }


def test_a_pod_whose_loopback_is_down_fails_localhost_alone(cluster):
    cluster.ip(cluster.endpoint("pod-2-2").netns.name, "link set lo down")

    found = cluster.failing()

    assert set(found) == {
        ("pod-2-2/a", "pod-2-2/b", "localhost"),
        ("pod-2-2/b", "pod-2-2/a", "localhost"),
    }


def test_a_container_that_has_ended_is_gone(cluster):
    cluster.change(
        "pod-1-2",
        containers=(
            Container("a", cluster.endpoint("pod-1-2").netns),
            Container("b", cluster.path("lab-none")),
        ),
    )

    assert cluster.failing() == {
        ("pod-1-2/a", "pod-1-2/b", "localhost"): "pod-1-2/b is gone",
        ("pod-1-2/b", "pod-1-2/a", "localhost"): "pod-1-2/b is gone",
    }


def test_a_pod_that_reaches_the_metadata_service_is_red(cluster):
    cluster.nft(cluster.nodes[0], "flush chain inet podnet forward")

    assert cluster.failing() == dict.fromkeys(
        ((pod, "metadata", "metadata") for pod in ("pod-1-2", "pod-1-3")),
        "reached the metadata service",
    )


def test_a_node_that_does_not_reach_the_metadata_service_is_red(cluster):
    cluster.ip(cluster.router, "address delete 169.254.169.254/32 dev lo")

    assert cluster.failing() == dict.fromkeys(
        ((node, "metadata", "metadata") for node in ("node-1", "node-2")), "no route"
    )


def test_a_pod_that_is_gone_is_said_to_be_in_all_its_cells(cluster):
    cluster.change("pod-1-2", netns=cluster.path("lab-none"), containers=())

    pairs = times({"pod-1-2"}, ONE | TWO) | times(ONE | TWO, {"pod-1-2"})
    asked = {(*pair, check) for pair in pairs for check in ("tcp", "udp", "mtu")}
    asked |= {("pod-1-2", check, check) for check in ("internet", "metadata")}
    assert cluster.failing() == dict.fromkeys(asked, "pod-1-2 is gone")


def test_a_node_that_lost_its_address_is_said_to_have(cluster):
    cluster.ip(cluster.nodes[1], "address flush dev eth0", "address add 192.168.1.99/24 dev eth0")
    cluster.change("node-2", mtu=0)

    found = cluster.failing()

    assert found["node-1", "node-2", "tcp"] == "node-2 does not have its address 192.168.1.12"
    assert found["node-2", "pod-2-2", "mtu"] == "node-2 does not have its address 192.168.1.12"


def test_the_loss_of_every_first_packet_is_no_red_cell(cluster):
    cluster.nft(
        cluster.nodes[1],
        "table inet loss {\n"
        "set known { type ipv4_addr . inet_service; flags dynamic; timeout 1m; }\n"
        "chain forward { type filter hook forward priority 1; "
        "meta l4proto != udp accept; ip saddr . udp sport @known accept; "
        "add @known { ip saddr . udp sport } drop; }; }",
    )

    assert cluster.failing() == {}


def test_few_open_files_are_made_enough(cluster):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (160, hard))
    try:
        matrix = cluster.probe()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert matrix.failed == ()


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


@pytest.fixture
def most_at_once(monkeypatch):
    """The largest number of datagrams so far that waited for their answers at the same time."""
    waiting, most, ask = set(), [0], Exchange.udp

    async def counted(exchange, *words):
        waiting.add(token := object())
        most[0] = max(most[0], len(waiting))
        try:
            return await ask(exchange, *words)
        finally:
            waiting.remove(token)

    monkeypatch.setattr(Exchange, "udp", counted)
    return lambda: most[0]


def test_twelve_pods_on_four_nodes_are_asked_at_once(large, most_at_once):
    matrix = large.probe()

    assert (matrix.failed, matrix.pairs) == ((), 240)
    assert most_at_once() >= 240


def test_one_pair_that_fails_does_not_keep_others_waiting(large, most_at_once):
    large.ip(large.router, "link set br0 down")
    run(
        "nsenter",
        f"--net={large.path(large.router)}",
        "ip",
        "-batch",
        "-",
        stdin="\n".join(f"link set port{number} down" for number in (1, 2, 3, 4)),
    )

    matrix = large.probe()

    assert matrix.pairs - matrix.passed == 240 - 4 * 4 * 3
    assert most_at_once() >= 240
