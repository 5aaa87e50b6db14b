"""Pods' ports and addresses come back, and what only the runtime can mend is named."""

import json
import os

import pytest

pytestmark = pytest.mark.lab

PERIOD = 0.3


@pytest.fixture
def ends(pods, source_seen):
    """Whether the two pods of the node, and the node itself, reach each other."""
    one, two = pods.values()

    def work(machine):
        return (
            source_seen(one, two, two.address) == one.address
            and source_seen(two, machine.name, "10.1.1.1") == two.address
            and source_seen(machine.name, one, one.address) == "10.1.1.1"
        )

    return work


def ports(machine):
    """The pods' ports in the bridge, as the kernel lists them."""
    listed = json.loads(machine.run("bridge", "-d", "-j", "link", "show"))
    return {port["ifname"]: port for port in listed if port["ifname"] in ("pod2", "pod3")}


DAMAGE = {
    "bridge deleted": "ip link delete kube-bridge",
    "bridge renamed": "ip link set kube-bridge down; ip link set kube-bridge name br0",
    "bridge down": "ip link set kube-bridge down",
    "port taken out": "ip link set pod2 nomaster",
    "ports in another bridge": "ip link add br9 type bridge; ip link set pod2 master br9;"
    " ip link set pod3 master br9",
    "port down": "ip link set pod2 down",
    "all ports down and out": "ip link set pod2 nomaster down; ip link set pod3 nomaster down",
    "port isolated": "bridge link set dev pod2 isolated on; bridge link set dev pod3 isolated on",
    "port blocked": "bridge link set dev pod2 state 0",
    "port small": "ip link set pod2 mtu 1280",
    "no flood, no learning": "bridge link set dev pod2 learning off flood off hairpin off",
    "policy rules flushed": "ip rule flush",
    "rules and main table's routes": "ip rule flush; ip link set kube-bridge down",
    "forwarding off on the bridge": "echo 0 >/proc/sys/net/ipv4/conf/kube-bridge/forwarding",
    "forwarding off everywhere": "for f in /proc/sys/net/ipv4/conf/*/forwarding; do"
    " echo 0 >$f; done",
}


def test_pods_are_back_after_each_damage(machine, ends, eventually):
    before, names = ports(machine), ("eth0", "podnet0", "kube-bridge")
    assert ends(machine)

    def mended():
        return (
            ports(machine) == before
            and {machine.sysctl(f"net/ipv4/conf/{name}/forwarding") for name in names} == {"1"}
            and ends(machine)
        )

    lasting = []
    for name, damage in DAMAGE.items():
        machine.run("sh", "-ec", damage)
        lasting += [] if eventually(mended) else [name]

    assert lasting == [], machine.log.read_text()


@pytest.mark.parametrize("name", ["podnet0", "podnet1"])
def test_a_renamed_device_is_the_same_device_afterwards(machine, running, eventually, name):
    def index():
        links = {link["ifname"]: link for link in json.loads(machine.ip("-j", "link"))}
        return links.get(name, {}).get("ifindex"), "UP" in links.get(name, {}).get("flags", ())

    before = index()
    machine.run(
        "sh", "-c", f"ip link set {name} down; ip link set {name} name odd; ip l set odd up"
    )

    assert eventually(lambda: index() == before), machine.log.read_text()


def test_a_pod_that_lost_its_port_is_named(machine, pods, eventually):
    machine.ip("link", "delete", "pod2")
    name = machine.name.replace("n1", "p1-2")

    assert eventually(
        lambda: f"pod {name} has lost its port pod2; delete the pod" in machine.log.read_text()
    )


def test_a_lease_of_a_pod_that_runs_comes_back_and_others_go(machine, pods, eventually):
    lease = machine.runtime.leases / "10.1.1.2"
    text = lease.read_text()
    lease.unlink()
    for host in range(4, 255):
        os.utime(machine.runtime.lease(f"10.1.1.{host}", "gone"), (0, 0))

    assert eventually(
        lambda: (
            {file.name for file in machine.runtime.leases.glob("10.*")} == {"10.1.1.2", "10.1.1.3"}
        ),
    ), machine.log.read_text()
    assert lease.read_text() == text


def test_a_removed_folder_of_conflists_is_made_again(machine, running, eventually):
    before = machine.conflist.read_text()
    machine.conflist.unlink()
    machine.conflist.parent.rmdir()

    assert eventually(lambda: machine.conflist.exists() and machine.conflist.read_text() == before)
