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

from lab.cloud import control
from lab.errors import LabError
from lab.home import Home

pytestmark = pytest.mark.lab


def boot_id(node):
    return node.run("cat", "/proc/sys/kernel/random/boot_id")


def traces(home):
    """All that this machine still holds of a lab: namespaces, mounts, processes, groups, files."""
    found = [path.name for path in Path("/run/netns").glob(f"*{home.lab}*")]
    found += [str(place) for place in Path("/sys/fs/cgroup").glob(f"**/lab-{home.lab}")]
    for process in Path("/proc").glob("[0-9]*"):
        for file in ("mountinfo", "cmdline"):
            try:
                text = (process / file).read_text()
            except OSError:
                continue
            if str(home.directory) in text:
                found.append(f"{process.name}: {file}")
    found += [str(home.directory)] if home.directory.exists() else []
    return found


def crash(cloud):
    os.kill(int((cloud.home.directory / "cloud.pid").read_text()), signal.SIGKILL)
    cloud.until(lambda: control.running(cloud.home) is None, "the killed cloud is gone")


def test_a_crashed_cloud_takes_its_instances_along_and_down_clears_the_rest(clouds):
    cloud = clouds("a")
    cloud.launch("172.20.4.11", "node-1")
    node = cloud.node("node-1")
    crash(cloud)
    cloud.until(lambda: not Path(f"/proc/{node.pid}").exists(), "the instance ends with it", 5)
    assert any("lab-vpc-" in trace for trace in traces(cloud.home))

    control.down(cloud.home)
    assert traces(cloud.home) == []


def test_a_cloud_starts_over_the_remains_of_a_crashed_one(clouds):
    cloud = clouds("a")
    cloud.launch("172.20.4.11", "node-1")
    node = cloud.node("node-1")
    crash(cloud)
    control.start(cloud.home)

    assert list(cloud.home.instances.glob("*")) == []
    assert not Path(f"/proc/{node.pid}").exists()
    assert [trace for trace in traces(cloud.home) if trace.startswith(("lab-vpc", "lab-eni"))] == []


def test_two_clouds_share_a_machine_and_one_goes_without_the_other(clouds):
    one, two = clouds("one"), clouds("two")
    for cloud in (one, two):
        cloud.launch("172.20.4.11", "node-1")
    nodes = [cloud.booted("node-1") for cloud in (one, two)]
    assert boot_id(nodes[0]) != boot_id(nodes[1])

    control.down(one.home)
    assert traces(one.home) == []
    assert nodes[1].run("cat", "/root/ran") == "once\n"
    assert nodes[1].run("systemctl", "is-system-running") == "running\n"
    control.down(two.home)
    assert traces(two.home) == []


def test_several_starts_at_once_make_one_cloud(tmp_path):
    home = Home.open(tmp_path / "a")
    with ThreadPoolExecutor() as pool:
        endpoints = set(pool.map(lambda _: control.start(home), range(3)))

    assert endpoints == {control.running(home)}
    control.stop(home)
    assert control.running(home) is None
    assert (home.directory / "cloud.log").exists()
    control.down(home)
    control.down(home)
    assert traces(home) == []


def test_a_port_in_use_is_told_by_its_number(tmp_path):
    home = Home.open(tmp_path / "a")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=f"cannot listen on 127.0.0.1:{port}"):
            control.start(home, port=port)

    assert control.running(home) is None
    control.down(home)


def test_the_status_tells_what_the_lab_does_not_model(clouds):
    cloud = clouds("a")
    vpc = cloud.ec2.describe_subnets(SubnetIds=[cloud.subnet])["Subnets"][0]["VpcId"]
    cloud.ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="172.21.0.0/16")

    with pytest.raises(LabError, match=vpc):
        control.settle(cloud.home)
    status = json.loads((cloud.home.directory / "status.json").read_text())
    assert vpc in status["error"]


def test_down_ends_whatever_got_into_the_groups_of_the_lab(tmp_path):
    home = Home.open(tmp_path / "a")
    with subprocess.Popen(["sleep", "60"]) as stray:
        for group in control.cgroups(home).make("stray/deeper"):
            (group / "cgroup.procs").write_text(str(stray.pid))
        control.down(home)

        assert stray.wait(5) == -signal.SIGKILL
    assert traces(home) == []


def test_down_leaves_other_processes_of_the_machine_alone(tmp_path):
    home = Home.open(tmp_path / "a")
    with subprocess.Popen(["sleep", "60"], cwd=home.directory) as bystander:
        control.start(home)
        control.down(home)
        alive = bystander.poll() is None
        bystander.kill()

    assert alive
