"""A pod has the address and the MAC that it was given, and takes no other's."""

import json
import socket
import struct
import time

import pytest
from exchange import Exchange
from switch import socket_in

from podnet.system.commands import run

pytestmark = pytest.mark.lab

PERIOD = 0.3
ALL = "ff:ff:ff:ff:ff:ff"
REQUEST, REPLY = 1, 2
ARP, IPV6 = 0x0806, 0x86DD
NOBODY = "00:00:00:00:00:00"
VICTIM, OTHER, GATEWAY = "10.1.1.2", "10.1.1.3", "10.1.1.1"


@pytest.fixture
def thief(machine, pods):
    """A third pod; the others believe whatever ARP says at once, and do not ask for long."""
    for namespace in (*pods.values(), machine.name):
        folder = "/proc/sys/net/ipv4/neigh/" + link_of(machine, namespace)
        words = f"cd {folder}; echo 0 >locktime; echo 60 >delay_first_probe_time"
        run("ip", "netns", "exec", namespace, "sh", "-ec", words)
    return machine.add_pod(4, port="veth4")


def link_of(machine, namespace):
    return "kube-bridge" if namespace == machine.name else "eth0"


def mac(namespace, link="eth0"):
    return json.loads(run("ip", "-n", namespace, "-j", "link", "show", link))[0]["address"]


def octets(text):
    return bytes.fromhex(text.replace(":", ""))


def send(namespace, destination, source, kind, payload):
    with socket_in(namespace, socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("eth0", 0))
        raw.send(octets(destination) + octets(source) + struct.pack("!H", kind) + payload)


def claim(operation, address, own, target_mac, target):
    """ARP that says an address is at this MAC."""
    ip = socket.inet_aton
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return head + octets(own) + ip(address) + octets(target_mac) + ip(target)


def attacks(machine, pods, thief):
    """Attempts of the thief to get what is for the victim: how, and from whom."""
    own, victim, other = mac(thief), pods[VICTIM], pods[OTHER]
    node = mac(machine.name, "kube-bridge")
    solicit = b"\x60\x00\x00\x00\x00\x00\x3b\x40" + bytes(32)
    return {
        "reply to one": (
            other,
            (mac(other), own, ARP, claim(REPLY, VICTIM, own, mac(other), OTHER)),
        ),
        "reply to the node": (
            machine.name,
            (node, own, ARP, claim(REPLY, VICTIM, own, node, GATEWAY)),
        ),
        "gratuitous reply": (other, (ALL, own, ARP, claim(REPLY, VICTIM, own, own, VICTIM))),
        "gratuitous request": (other, (ALL, own, ARP, claim(REQUEST, VICTIM, own, NOBODY, VICTIM))),
        "question of the victim": (
            other,
            (ALL, own, ARP, claim(REQUEST, VICTIM, own, NOBODY, OTHER)),
        ),
        "ARP with the victim's MAC": (
            other,
            (ALL, mac(victim), ARP, claim(REQUEST, "10.1.1.4", own, NOBODY, "10.1.1.99")),
        ),
        "IPv6 with the victim's MAC": (other, (ALL, mac(victim), IPV6, solicit)),
        "other protocol with the victim's MAC": (other, (ALL, mac(victim), 0x88B5, bytes(46))),
    }


@pytest.fixture
def reaches(pods, source_seen):
    """Whether datagrams from a namespace for the victim come to it."""
    victim = pods[VICTIM]
    return lambda sender: source_seen(sender, victim, VICTIM) is not None


def refresh(victim):
    """The victim speaks, and is heard where it is."""
    send(victim, ALL, mac(victim), ARP, claim(REQUEST, VICTIM, mac(victim), NOBODY, VICTIM))
    time.sleep(0.1)


@pytest.fixture
def stolen(machine, pods, thief, reaches):
    """The attacks after which the victim does not get what is sent to it."""

    def attack():
        found = []
        for name, (sender, frame) in attacks(machine, pods, thief).items():
            refresh(pods[VICTIM])
            assert reaches(sender), name
            send(thief, *frame)
            found += [] if reaches(sender) else [name]
        return found

    return attack


@pytest.fixture
def known(machine, eventually):
    """Wait until the agent knows the port of a pod."""

    def wait(port):
        table = ("nft", "list", "table", "bridge", "podnet")
        assert eventually(lambda: port in machine.run(*table)), machine.log.read_text()

    return wait


def test_a_pod_cannot_take_the_address_or_the_mac_of_another(machine, running, stolen, known):
    known("veth4")

    assert stolen() == []

    running.kill()
    machine.run("nft", "flush", "chain", "bridge", "podnet", "ports")

    assert len(stolen()) == 8


def test_a_pod_cannot_take_the_address_of_its_gateway(machine, pods, thief, source_seen, known):
    other, own = pods[OTHER], mac(thief)
    known("veth4")
    assert source_seen(other, machine.name, GATEWAY) == OTHER

    send(thief, mac(other), own, ARP, claim(REPLY, GATEWAY, own, mac(other), OTHER))

    assert source_seen(other, machine.name, GATEWAY) == OTHER


def test_a_pod_is_heard_at_once_and_takes_no_address_before_its_result_is_there(
    machine, pods, reaches, source_seen, known
):
    other = pods[OTHER]
    known("pod3")
    fresh = machine.add_pod(5, port="veth5")
    (result,) = machine.runtime.results.glob(f"mynet-{fresh}-*")
    result.unlink()
    own = mac(fresh)
    assert source_seen(fresh, other, OTHER) == fresh.address
    assert reaches(other)

    for address in (VICTIM, GATEWAY, "10.1.2.2"):
        send(fresh, mac(other), own, ARP, claim(REPLY, address, own, mac(other), OTHER))
        send(fresh, ALL, own, ARP, claim(REQUEST, address, own, NOBODY, OTHER))

    assert reaches(other)
    assert own not in [
        each.get("lladdr")
        for each in json.loads(run("ip", "-n", other, "-j", "neigh"))
        if each["dst"] != fresh.address
    ]


def test_pods_that_come_and_go_cost_no_other_pod_a_packet(machine, pods, known):
    with Exchange(list(pods.values())) as exchange:
        for host in range(10, 16):
            fresh = machine.add_pod(host, port=f"veth{host}")
            known(f"veth{host}")
            (result,) = machine.runtime.results.glob(f"mynet-{fresh}-*")
            result.unlink()

    assert exchange.sent > 100
    assert exchange.lost == {}
    state = json.loads((machine.reports / "state.json").read_text())
    assert (state["repairs"], state["problems"]) == (0, [])


@pytest.mark.parametrize("fresh", [False, True], ids=["known", "just started"])
def test_in_mode_l2_a_pod_cannot_take_the_address_of_a_pod_of_another_node(
    machines, started, source_seen, eventually, fresh
):
    agents = started("l2 zones=1 vni=1 port=8472")
    victim, other, thief = (node.add_pod(4, prefix=16, port="veth4") for node in machines)
    if fresh:
        (result,) = machines[2].runtime.results.glob("mynet-*")
        result.unlink()
    table = ("nft", "list", "table", "bridge", "podnet")
    assert fresh or eventually(lambda: '"veth4"' in machines[2].run(*table))
    assert source_seen(other, victim, victim.address) == other.address
    own = mac(thief)
    run("ip", "netns", "exec", other, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/neigh/eth0/locktime")

    def attack():
        send(thief, ALL, own, ARP, claim(REQUEST, victim.address, own, NOBODY, other.address))
        time.sleep(0.1)
        return source_seen(other, victim, victim.address)

    assert attack() == other.address
    assert source_seen(thief, victim, victim.address) == thief.address

    agents[2].kill()
    machines[2].run("nft", "flush", "chain", "bridge", "podnet", "ports")

    assert attack() is None
