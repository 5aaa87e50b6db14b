"""Faults of a node that this machine's kernel, or an instance without udev, does not show."""

import time

import pytest

pytestmark = pytest.mark.kernel

UDEV = "mount -o remount,bind,rw /sys && systemctl start systemd-udevd && sleep 5"
MACS = "for link in kube-bridge podnet0; do cat /sys/class/net/$link/address; done"
HEAL_SECONDS = 180


@pytest.fixture(autouse=True, scope="module")
def routed(machine):
    assert machine.inside("switch", "overlay")["failed"] == []


def on_node(machine, script):
    found = machine.inside("on-node", "node-1", script)
    assert found["code"] == 0, found
    return found["output"]


def healed(machine):
    deadline = time.monotonic() + HEAL_SECONDS
    while (failed := machine.failed()) and time.monotonic() < deadline:
        pass
    return failed == set()


def test_udev_gives_no_device_of_the_agent_another_mac(machine):
    on_node(machine, UDEV)
    before = on_node(machine, MACS)
    on_node(machine, "ip link delete podnet0; sleep 20")

    assert on_node(machine, MACS) == before
    assert healed(machine)


def test_networkd_waits_for_udev_and_keeps_the_routes(machine):
    routes = "ip route show proto 112 | sort; ip rule"
    on_node(machine, UDEV)
    before = on_node(machine, routes)
    on_node(machine, "systemctl restart systemd-networkd; networkctl reload; sleep 20")

    assert on_node(machine, routes) == before
    assert healed(machine)


def test_rules_of_legacy_iptables_stand_beside_ours(machine):
    on_node(
        machine,
        "iptables-legacy -t nat -A POSTROUTING -s 10.99.0.0/16 -j MASQUERADE && "
        "iptables-legacy -A FORWARD -d 10.99.0.0/16 -j DROP",
    )

    assert healed(machine)


def test_a_drop_of_legacy_iptables_is_not_seen_by_the_agent_as_the_page_says(machine):
    on_node(machine, "iptables-legacy -P FORWARD DROP")
    failed = machine.failed()
    status = machine.podnet("status")
    on_node(machine, "iptables-legacy -P FORWARD ACCEPT")

    assert {source for source, _ in failed} >= {"pod-1a", "pod-2a"}
    assert "is not ready" not in status
    assert healed(machine)
