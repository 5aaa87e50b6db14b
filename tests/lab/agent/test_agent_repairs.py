"""What is deleted from a node comes back; what podnet does not manage stays."""

import json

import pytest

from podnet.system.commands import run

pytestmark = pytest.mark.lab

FIELDS = "zones=1 vni=1 port=8472"
PEER, BLOCK, MAC = "192.168.1.12", "10.1.2.0/24", "02:50:c0:a8:01:0c"
TWO_POLLS = 2 * 2 + 1.5


@pytest.fixture
def run_agent(machine):
    """Start the node's agent with a variant of the routing."""
    contexts = []

    def start(mode):
        machine.tag(f"{mode} {FIELDS}")
        contexts.append(machine.agent())
        agent = contexts[-1].__enter__()
        agent.wait_until_ready()
        return agent

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


def state(machine):
    """The kernel's state for peers: routes, rule, neighbours, forwarding and ports."""
    neighbours, forwarding = (
        json.loads(machine.run(*words))
        for words in (
            ("ip", "-j", "-4", "neigh", "show", "nud", "permanent"),
            ("bridge", "-j", "fdb", "show"),
        )
    )
    links = {link["ifname"]: link for link in json.loads(machine.ip("-j", "-d", "link"))}
    return {
        "routes": (machine.routes(), machine.routes("112")),
        "rule": machine.ip("rule", "show", "priority", "112"),
        "neighbours": {(item["dev"], item["dst"], item["lladdr"]) for item in neighbours},
        "forwarding": {
            (item["ifname"], item["mac"], item["dst"]) for item in forwarding if "dst" in item
        },
        "links": {
            name: (
                link["mtu"],
                link["address"] if name in ("podnet0", "kube-bridge") else "",
                link.get("master"),
                link["linkinfo"]["info_data"]["id"] if name.startswith("podnet") else 0,
            )
            for name, link in links.items()
            if name in ("podnet0", "podnet1", "kube-bridge", "to-phys", "phys-bridge")
        },
        "addresses": sorted(machine.ip("-4", "-br", "address").splitlines()),
    }


# One test deletes as much as it can, since each waits for polls.
DAMAGE = {
    "host-gw route gone": ("host-gw", [f"ip route delete {BLOCK} proto 112"]),
    "host-gw route bent": (
        "host-gw",
        [f"ip route change {BLOCK} via 192.168.1.13 proto 112 metric 112"],
    ),
    "entries gone": (
        "overlay",
        [
            f"ip route delete {BLOCK} proto 112",
            f"ip route delete {PEER} table 112",
            "ip rule delete priority 112",
            f"bridge fdb delete {MAC} dev podnet0 dst {PEER}",
            f"ip neigh delete {PEER} dev podnet0",
        ],
    ),
    "entries bent": (
        "overlay",
        [
            f"bridge fdb replace {MAC} dev podnet0 dst 192.168.1.99",
            f"ip neigh replace {PEER} lladdr 02:00:00:00:00:01 dev podnet0 nud permanent",
        ],
    ),
    "routes flushed": ("overlay", ["ip route flush table all proto 112"]),
    "device gone": ("overlay", ["ip link delete podnet0"]),
    "device bent": (
        "overlay",
        ["ip link set podnet0 down", "ip link set podnet0 mtu 1400 address 02:00:00:00:00:01"],
    ),
    "port gone": ("l2", ["ip link delete podnet1"]),
    "port unplugged": (
        "l2",
        [
            "ip link set podnet1 nomaster",
            f"bridge fdb delete 00:00:00:00:00:00 dev podnet1 dst {PEER}",
        ],
    ),
    "port silenced": (
        "l2",
        ["bridge link set dev podnet1 flood off", f"ip route delete {BLOCK} proto 112"],
    ),
    "bridge gone": ("l2", ["ip link delete kube-bridge"]),
    "gateway gone": ("l2", ["ip address delete 10.1.1.1/16 dev kube-bridge"]),
    "wire gone": ("l2-ethernet", ["ip link delete to-phys"]),
    "address on the wire": ("l2-ethernet", ["ip address add 192.168.1.11/24 dev eth0"]),
}


@pytest.mark.parametrize(("mode", "damage"), DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_deleted_is_back_within_two_polls(machine, run_agent, eventually, mode, damage):
    run_agent(mode)
    before = state(machine)

    machine.run("sh", "-ec", "\n".join(damage))

    assert state(machine) != before
    assert eventually(lambda: state(machine) == before, TWO_POLLS)


@pytest.mark.parametrize("mode", ["vpc-routes", "host-gw", "overlay", "hybrid", "l2"])
def test_once_all_is_in_place_nothing_is_changed_or_logged(machine, run_agent, two_polls, mode):
    run_agent(mode)
    before, logged = state(machine), machine.log.read_text()

    two_polls()

    assert (state(machine), machine.log.read_text()) == (before, logged)


def test_routes_of_others_stay_and_are_reported_once(machine, run_agent, two_polls):
    machine.ip("route", "add", BLOCK, "via", "192.168.1.1")
    machine.ip("route", "add", "10.1.200.0/24", "via", "192.168.1.1", "proto", "static")
    machine.ip("route", "add", "172.30.0.0/16", "via", "192.168.1.1")
    others = machine.ip("route", "show", "via", "192.168.1.1")

    run_agent("overlay")
    two_polls()
    machine.tag(f"host-gw {FIELDS}")
    two_polls()

    assert machine.ip("route", "show", "via", "192.168.1.1") == others
    assert machine.log.read_text().count("unmanaged routes in the pod range, left alone: ") == 1
    assert f"left alone: {BLOCK} via 192.168.1.1 dev eth0 proto boot; 10.1.200.0/24" in (
        machine.log.read_text()
    )


def test_a_route_of_another_in_the_place_of_podnets_is_left_alone(machine, run_agent, two_polls):
    machine.ip("route", "add", BLOCK, "via", "192.168.1.1", "metric", "112")

    run_agent("overlay")
    two_polls()

    assert f"{BLOCK} via 192.168.1.1 dev eth0 metric 112" in machine.ip("route", "show", BLOCK)
    assert BLOCK not in machine.routes()


@pytest.mark.parametrize("mode", ["vpc-routes", "host-gw", "overlay", "hybrid", "l2"])
def test_the_own_block_and_address_are_never_routed_to_a_peer(machine, run_agent, mode):
    run_agent(mode)

    routed = set(machine.routes()) | set(state(machine)["routes"][1])

    assert routed.isdisjoint({str(machine.block), machine.address})
    assert machine.ip("route", "get", "10.1.1.9").startswith("10.1.1.9 dev kube-bridge")


def test_peers_that_do_not_exist_do_no_harm(machine, run_agent, source_seen):
    run_agent("overlay")
    pod, other = machine.add_pod(2), machine.add_pod(3)

    run("ip", "-n", machine.vpc, "address", "add", "192.168.1.200/32", "dev", "eth0")
    assert source_seen(pod, machine.vpc, "192.168.1.200") == machine.address
    assert source_seen(pod, other, other.address) == pod.address
