"""What is left of a virtual machine when a part of it dies; each test boots one and no more."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT, Home
from podnet.lab.machine import lifecycle
from podnet.lab.machine.boot import initrd
from podnet.lab.machine.channel import client
from podnet.system.waiting import wait_until
from tests.refusals import refused

pytestmark = pytest.mark.kernel

GONE_SECONDS = 20


@pytest.fixture
def booted(tmp_path, kernel):
    """A lab whose virtual machine runs, with nothing deployed into it."""
    home = Home.open(tmp_path / "lab")
    lifecycle.start(home, kernel, lambda _: None)
    yield home
    lifecycle.end(home)


def parts(home):
    """The processes of the machine: its supervisor, and what that has started."""
    pid = int((home.machine / "pid").read_text())
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True)
    return [pid, *map(int, children.stdout.split())]


def podnet(home, *words):
    return subprocess.run(
        [sys.executable, "-m", "podnet.cli", "--lab", str(home.directory), *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("part", [0, 1, -1], ids=["supervisor", "service", "kernel"])
def test_all_of_it_ends_with_any_part_and_commands_say_so(booted, part):
    running = parts(booted)
    os.kill(running[part], signal.SIGKILL)

    def over():
        return not any(Path(f"/proc/{pid}").exists() for pid in running)

    assert wait_until(over, GONE_SECONDS)
    status = podnet(booted, "status")
    assert status.returncode == 1
    assert "`podnet up` starts another" in status.stderr

    assert podnet(booted, "down").returncode == 0
    assert not booted.directory.exists()
    assert str(booted.directory) not in Path("/proc/mounts").read_text()


def test_two_labs_have_a_machine_each(booted, kernel, tmp_path, capfd):
    other = Home.open(tmp_path / "other")
    try:
        lifecycle.start(other, kernel, lambda _: None)
        for home in (booted, other):
            request = client.Request(argv=["hostname"], environment={"PATH": "/usr/bin:/bin"})
            assert client.run(home.machine, request) == 0
            assert capfd.readouterr().out.strip() == f"lab-{home.id}"
    finally:
        lifecycle.end(other)

    assert lifecycle.running(booted) is not None
    assert not other.machine.exists()


def test_a_boot_that_does_not_reach_podnet_shows_the_end_of_its_console(
    tmp_path, kernel, monkeypatch
):
    script = b"#!/bin/sh\n/bin/busybox mount -t devtmpfs none /dev\necho nothing to do here\n"
    (tmp_path / "init.sh").write_bytes(script)
    monkeypatch.setattr(initrd, "INIT", tmp_path / "init.sh")
    home = Home.open(tmp_path / "lab")

    with refused("machine-starts") as caught:
        lifecycle.start(home, kernel, lambda _: None)

    assert "nothing to do here" in str(caught.value)
    assert "Attempted to kill init" in str(caught.value)
    assert not home.machine.exists()
