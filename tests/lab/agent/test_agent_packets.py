import pytest

from podnet.system.commands import run

pytestmark = pytest.mark.lab

NODE = "192.168.1.11"
ROUTER = "192.168.1.1"
RESOLVER = "192.168.1.2"
METADATA = "169.254.169.254"
INTERNET = "203.0.113.80"


def test_pods_reach_the_internet_behind_their_nodes_address(machine, pods, source_seen):
    assert source_seen(pods["10.1.1.2"], machine.vpc, INTERNET) == NODE


def test_pods_reach_the_vpc_with_their_own_address(machine, pods, source_seen):
    assert source_seen(pods["10.1.1.2"], machine.vpc, ROUTER) == "10.1.1.2"


def test_pods_reach_pods_of_other_nodes_with_their_own_address(machine, pods, source_seen):
    run("ip", "-n", machine.vpc, "address", "add", "10.1.2.2/32", "dev", "eth0")

    assert source_seen(pods["10.1.1.2"], machine.vpc, "10.1.2.2") == "10.1.1.2"


def test_pods_reach_the_resolver_behind_their_nodes_address(machine, pods, source_seen):
    assert source_seen(pods["10.1.1.2"], machine.vpc, RESOLVER) == NODE


def test_pods_reach_their_own_node_with_their_own_address(machine, pods, source_seen):
    assert source_seen(pods["10.1.1.2"], machine.name, NODE) == "10.1.1.2"


def test_the_vpc_reaches_pods_with_its_own_address(machine, pods, source_seen):
    assert source_seen(machine.vpc, pods["10.1.1.2"], "10.1.1.2", ROUTER) == ROUTER


def test_pods_on_one_node_see_each_others_address(pods, source_seen):
    assert source_seen(pods["10.1.1.2"], pods["10.1.1.3"], "10.1.1.3") == "10.1.1.2"


def test_pods_do_not_reach_the_metadata_service(machine, pods, source_seen):
    assert source_seen(pods["10.1.1.2"], machine.vpc, METADATA) is None


def test_the_node_itself_reaches_the_metadata_service(machine, pods, source_seen):
    assert source_seen(machine.name, machine.vpc, METADATA) == NODE


@pytest.fixture
def guarded(machine, pods, eventually):
    """The pods, once the agent has read their results."""
    assert eventually(lambda: '"pod3"' in machine.run("nft", "list", "table", "bridge", "podnet"))
    return pods


@pytest.mark.parametrize("place", ["internet", "vpc", "node", "neighbour"])
def test_a_pod_is_heard_with_no_address_but_its_own(machine, guarded, source_seen, place):
    pods = guarded
    receiver, destination = {
        "internet": (machine.vpc, INTERNET),
        "vpc": (machine.vpc, ROUTER),
        "node": (machine.name, NODE),
        "neighbour": (pods["10.1.1.3"], "10.1.1.3"),
    }[place]
    pod, addresses = pods["10.1.1.2"], ("10.1.1.200", "10.1.2.9", "192.168.1.12", "8.8.8.8")
    for address in addresses:
        run("ip", "-n", pod, "address", "add", f"{address}/32", "dev", "eth0")

    heard = [
        address
        for address in ("10.1.1.2", *addresses)
        if source_seen(pod, receiver, destination, address) is not None
    ]

    assert heard == ["10.1.1.2"]


def test_a_pod_is_not_heard_with_an_ipv6_address_of_its_own_making(
    machine, running, pods, source_seen
):
    pod = pods["10.1.1.2"]
    machine.ip("address", "add", "fd00:1::1/64", "dev", "kube-bridge", "nodad")
    run("ip", "-n", pod, "address", "add", "fd00:1::2/64", "dev", "eth0", "nodad")

    assert source_seen(pod, machine.name, "fd00:1::1") is None

    running.stop()
    machine.run("nft", "flush", "chain", "inet", "podnet", "spoof")

    assert source_seen(pod, machine.name, "fd00:1::1") == "fd00:1::2"
