"""Stop, start, reboot, power-off, crash and termination of instances."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from podnet.lab.cloud import lifecycle

pytestmark = pytest.mark.lab


def test_a_reboot_through_the_api_is_a_new_boot_of_the_same_disk(cloud):
    node = cloud.booted("node-1")
    (node.root / "root/kept").write_text("kept")
    before = node.boot_id
    cloud.ec2.reboot_instances(InstanceIds=[node.instance_id])
    again = cloud.booted("node-1", other_than=node.pid)

    assert again.boot_id != before
    assert again.instance_id == node.instance_id
    assert (again.root / "root/kept").read_text() == "kept"
    assert (again.root / "root/ran").read_text() == "once\n"


def test_a_reboot_from_inside_is_a_new_boot(cloud):
    node = cloud.booted("node-2")
    before = node.boot_id
    node.run("systemctl", "--no-block", "reboot")
    again = cloud.booted("node-2", other_than=node.pid)

    assert again.boot_id != before
    assert cloud.api_state(node.instance_id) == "running"
    assert node.instance_id not in (cloud.home.cloud_log).read_text()


def test_a_stopped_instance_keeps_its_disk_and_gets_another_public_address(cloud):
    node = cloud.booted("node-1")
    (node.root / "root/stopped").write_text("stopped")
    cloud.ec2.stop_instances(InstanceIds=[node.instance_id])
    folder = cloud.home.instances / node.instance_id
    cloud.until(lambda: not (folder / "pid").exists(), "the instance is off")
    assert cloud.find("node-1") is None
    assert not Path(f"/proc/{node.pid}").exists()
    # It powered off on a signal, and was not killed.
    assert "Reached target" in (folder / "console.log").read_text().rpartition("poweroff.target")[0]

    cloud.ec2.start_instances(InstanceIds=[node.instance_id])
    again = cloud.booted("node-1")
    assert (again.root / "root/stopped").read_text() == "stopped"
    assert again.public_address not in (None, node.public_address)


def test_stop_and_start_in_one_breath_are_still_a_new_boot(cloud):
    node = cloud.booted("node-2")
    before = node.boot_id
    cloud.ec2.stop_instances(InstanceIds=[node.instance_id])
    cloud.ec2.start_instances(InstanceIds=[node.instance_id])
    again = cloud.node("node-2", other_than=node.pid)

    assert again.boot_id != before


def test_an_instance_that_powers_itself_off_is_stopped_for_the_api_too(cloud):
    node = cloud.booted("node-2")
    node.run("systemctl", "--no-block", "poweroff")
    cloud.until(lambda: cloud.api_state(node.instance_id) == "stopped", "the API says so")
    lifecycle.wait_until_applied(cloud.home)
    assert cloud.find("node-2") is None

    cloud.ec2.start_instances(InstanceIds=[node.instance_id])
    cloud.node("node-2")


def test_an_instance_whose_container_is_killed_boots_again(cloud):
    node = cloud.booted("node-2")
    nspawn = int(Path(f"/proc/{node.pid}/status").read_text().partition("PPid:")[2].split()[0])
    os.kill(nspawn, signal.SIGKILL)
    again = cloud.booted("node-2", other_than=node.pid)

    assert not Path(f"/proc/{node.pid}").exists()
    assert f"{node.instance_id} ended with" in (cloud.home.cloud_log).read_text()
    assert (
        again.run("ip", "-4", "-o", "address", "show", "dev", "eth0").split()[3] == "172.20.4.12/24"
    )


def test_a_terminated_instance_leaves_nothing_and_its_address_serves_another(cloud):
    first = cloud.launch("172.20.4.13", "node-3")
    node = cloud.booted("node-3")
    cloud.ec2.terminate_instances(InstanceIds=[first])
    lifecycle.wait_until_applied(cloud.home)
    assert not Path(f"/proc/{node.pid}").exists()
    assert not (cloud.home.instances / first).exists()

    second = cloud.launch("172.20.4.13", "node-3")
    again = cloud.booted("node-3")
    assert (again.instance_id, (again.root / "root/ran").read_text()) == (second, "once\n")
    assert "172.20.4.13/24" in again.run("ip", "-4", "-o", "address", "show", "dev", "eth0")
    cloud.ec2.terminate_instances(InstanceIds=[second])
