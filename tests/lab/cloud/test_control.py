"""Starting and ending clouds, also badly."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from podnet.lab.cloud import lifecycle, process
from podnet.lab.home import Home
from tests.refusals import refused

pytestmark = pytest.mark.lab


def traces(home):
    """All that this machine still holds of a lab: namespaces, mounts, processes, groups, files."""
    found = [path.name for path in Path("/run/netns").glob(f"*{home.id}*")]
    found += [str(place) for place in Path("/sys/fs/cgroup").glob(f"**/lab-{home.id}")]
    for entry in Path("/proc").glob("[0-9]*"):
        for file in ("mountinfo", "cmdline"):
            try:
                text = (entry / file).read_text()
            except OSError:
                continue
            if str(home.directory) in text:
                found.append(f"{entry.name}: {file}")
    found += [str(home.directory)] if home.directory.exists() else []
    return found


def crash(cloud):
    os.kill(int(cloud.home.cloud_pid.read_text()), signal.SIGKILL)
    cloud.until(lambda: process.running(cloud.home) is None, "the killed cloud is gone")


def test_a_crashed_cloud_takes_its_instances_along_and_down_clears_the_rest(clouds):
    cloud = clouds("a")
    cloud.launch("172.20.4.11", "node-1")
    node = cloud.node("node-1")
    crash(cloud)
    cloud.until(lambda: not Path(f"/proc/{node.pid}").exists(), "the instance ends with it", 5)
    assert any("lab-vpc-" in trace for trace in traces(cloud.home))

    lifecycle.down(cloud.home)
    assert traces(cloud.home) == []


def test_a_cloud_starts_over_the_remains_of_a_crashed_one(clouds):
    cloud = clouds("a")
    cloud.launch("172.20.4.11", "node-1")
    node = cloud.node("node-1")
    crash(cloud)
    lifecycle.start(cloud.home)

    assert list(cloud.home.instances.glob("*")) == []
    assert not Path(f"/proc/{node.pid}").exists()
    assert [trace for trace in traces(cloud.home) if trace.startswith(("lab-vpc", "lab-eni"))] == []


def test_two_clouds_share_a_machine_and_one_goes_without_the_other(clouds):
    one, two = clouds("one"), clouds("two")
    for cloud in (one, two):
        cloud.launch("172.20.4.11", "node-1")
    nodes = [cloud.booted("node-1") for cloud in (one, two)]
    assert nodes[0].boot_id != nodes[1].boot_id

    lifecycle.down(one.home)
    assert traces(one.home) == []
    assert nodes[1].run("cat", "/root/ran") == "once\n"
    assert nodes[1].run("systemctl", "is-system-running") == "running\n"
    lifecycle.down(two.home)
    assert traces(two.home) == []


def test_several_starts_at_once_make_one_cloud(tmp_path):
    home = Home.open(tmp_path / "a")
    with ThreadPoolExecutor() as pool:
        endpoints = set(pool.map(lambda _: lifecycle.start(home), range(3)))

    assert endpoints == {process.running(home)}
    lifecycle.stop(home)
    assert process.running(home) is None
    assert home.cloud_log.exists()
    lifecycle.down(home)
    lifecycle.down(home)
    assert traces(home) == []


def test_a_port_in_use_is_named(tmp_path):
    home = Home.open(tmp_path / "a")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with refused("cloud-starts") as caught:
            lifecycle.start(home, port=port)
        assert f"127.0.0.1:{port}" in str(caught.value)

    assert process.running(home) is None
    lifecycle.down(home)


def test_the_status_names_what_the_lab_does_not_model(clouds):
    cloud = clouds("a")
    vpc = cloud.ec2.describe_subnets(SubnetIds=[cloud.subnet])["Subnets"][0]["VpcId"]
    made = cloud.ec2.create_egress_only_internet_gateway(VpcId=vpc)

    with refused("api-not-applied"):
        lifecycle.wait_until_applied(cloud.home)
    status = json.loads(cloud.home.cloud_status.read_text())
    gateway = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    assert gateway in status["error"]


def test_down_ends_whatever_got_into_the_groups_of_the_lab(tmp_path):
    home = Home.open(tmp_path / "a")
    with subprocess.Popen(["sleep", "60"]) as stray:
        for group in lifecycle.cgroups(home).make("stray/deeper"):
            (group / "cgroup.procs").write_text(str(stray.pid))
        lifecycle.down(home)

        assert stray.wait(5) == -signal.SIGKILL
    assert traces(home) == []


def test_down_leaves_other_processes_of_the_machine_alone(tmp_path):
    home = Home.open(tmp_path / "a")
    with subprocess.Popen(["sleep", "60"], cwd=home.directory) as bystander:
        lifecycle.start(home)
        lifecycle.down(home)
        alive = bystander.poll() is None
        bystander.kill()

    assert alive
