"""A node beside Flannel: devices and routes are set here as flanneld sets them."""

from itertools import permutations

import pytest

from podnet.system.commands import run

pytestmark = pytest.mark.lab

FIELDS = "zones=1 vni=1 port=8472"
DEVICE = "flannel.3"
CONFLIST = "10-flannel.conflist"


def mac(machine):
    return f"02:66:00:00:00:{machine.number:02x}"


def vxlan(machine, machines):
    """What flanneld makes for its back end vxlan."""
    own = str(machine.block[0])
    machine.ip(
        *f"link add {DEVICE} address {mac(machine)} mtu 8951 type vxlan".split(),
        *f"id 3 local {machine.address} dstport 8472 nolearning".split(),
    )
    machine.ip("address", "add", f"{own}/32", "dev", DEVICE)
    machine.ip("link", "set", DEVICE, "up")
    machine.run("sh", "-c", f"echo 1 >/proc/sys/net/ipv4/conf/{DEVICE}/rp_filter")
    for peer in machines:
        if peer is not machine:
            there = str(peer.block[0])
            bridge = f"fdb append {mac(peer)} dev {DEVICE} dst {peer.address}"
            run("bridge", "-n", machine.name, *bridge.split())
            neighbour = f"neigh replace {there} lladdr {mac(peer)} dev {DEVICE} nud permanent"
            machine.ip(*neighbour.split())
            machine.ip(*f"route replace {peer.block} via {there} dev {DEVICE} onlink".split())


def host_gw(machine, machines):
    """What flanneld makes for its back end host-gw."""
    for peer in machines:
        if peer is not machine:
            machine.ip(*f"route replace {peer.block} via {peer.address} dev eth0".split())


@pytest.fixture
def beside_flannel(vpc, machines, started):
    """Three nodes with two pods each, carried by Flannel on a wire that knows no pods."""

    def start(variant, carry):
        vpc.forget_pods()
        if variant == "flannel":
            vpc.refuse_pods()
        for machine in machines:
            carry(machine, machines)
        agents = started(f"{variant} {FIELDS}")
        return agents, {machine: [machine.add_pod(host) for host in (2, 3)] for machine in machines}

    return start


@pytest.mark.parametrize(
    ("variant", "carry"),
    [("flannel", vxlan), ("flannel-host-gw", host_gw)],
    ids=["vxlan", "host-gw"],
)
def test_pods_are_seen_by_their_own_address(
    variant, carry, beside_flannel, eventually, source_seen
):
    _, pods = beside_flannel(variant, carry)
    machines = list(pods)
    if carry is vxlan:
        name = f"net/ipv4/conf/{DEVICE}/rp_filter"
        assert eventually(lambda: {machine.sysctl(name) for machine in machines} == {"2"})
    places = {pod: pod.address for each in pods.values() for pod in each}
    nodes = {machine.name: machine for machine in machines}
    places |= {name: machine.address for name, machine in nodes.items()}

    seen = {(one, two): source_seen(one, two, places[two]) for one, two in permutations(places, 2)}

    # A node speaks to pods by an address of its own, and Flannel's device has the block's first.
    own = {name: {places[name]} for name in places}
    own |= {
        name: {node.address, str(node.block[0]), str(node.block[1])} for name, node in nodes.items()
    }
    assert {pair: seen[pair] for pair in seen if seen[pair] not in own[pair[0]]} == {}


def test_what_is_flannels_is_neither_touched_nor_talked_of(machines, beside_flannel, two_polls):
    machine = machines[0]
    theirs = machine.conflist.with_name(CONFLIST)
    theirs.write_text("{}")
    beside_flannel("flannel", vxlan)
    found = machine.ip("route"), machine.ip("-d", "link", "show", DEVICE)
    log = machine.log.read_text()
    two_polls()

    assert (machine.ip("route"), machine.ip("-d", "link", "show", DEVICE)) == found
    assert [file.name for file in machine.conflist.parent.iterdir()] == [CONFLIST]
    assert "unmanaged" not in log
    assert machine.log.read_text() == log


def test_a_conflist_of_before_is_taken_away(machine, running, eventually):
    assert machine.conflist.exists()

    machine.tag(f"flannel {FIELDS}")

    assert eventually(lambda: not machine.conflist.exists())
