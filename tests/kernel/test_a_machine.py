"""The lab on another kernel, before anything is changed in it."""

import hashlib
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from podnet.lab.machine import lifecycle
from podnet.lab.machine.kernels.kernel import Kind

pytestmark = pytest.mark.kernel

RELEASES = {
    Kind.DEBIAN: r"6\.1\.0-\d+-cloud-amd64",
    Kind.USER_MODE: r"6\.1\.\d+-\d+-user-mode-[0-9a-f]{8}",
}
PARTS = {
    Kind.DEBIAN: 4,  # qemu, and one for each folder
    Kind.USER_MODE: 2,  # the kernel, and who serves its ports
}


def test_the_first_matrix_is_green_and_packets_go_by_the_route_table(machine):
    found = machine.inside("capture")

    assert found["failed"] == []
    assert found["as_expected"], found["unexpected"]
    assert found["pairs"] == 6 * 5


def test_the_nodes_are_on_that_kernel_and_status_says_so(machine):
    release = machine.inside("kernel")["release"]

    assert re.fullmatch(RELEASES[machine.kernel], release)
    assert release == lifecycle.running(machine.home).release
    assert f"kernel: Linux {release}, in " in machine.podnet("status")


def test_the_kernel_has_what_this_machine_s_lacks(machine):
    kinds = "ip link add tunnel0 type gre key 5 && ip link add dummy5 type dummy"

    made = machine.inside("on-node", "node-1", f"({kinds}) 2>&1")
    removed = machine.inside("on-node", "node-1", "ip link del tunnel0; ip link del dummy5")

    assert made == {"code": 0, "output": ""}
    assert removed["code"] == 0


def test_a_command_has_its_input_output_and_exit_code(machine):
    script = "read word; echo got $word; echo beside >&2; exit 7"
    done = machine.run("exec", "node-1", "--", "sh", "-c", script, input="a word\n")

    assert (done.returncode, done.stdout, done.stderr) == (7, "got a word\n", "beside\n")


def test_much_input_arrives_whole_and_the_port_goes_on(machine):
    lines = "".join(f"{number}\n" for number in range(200_000))
    for _ in range(2):
        done = machine.run("exec", "node-1", "--", "sh", "-c", "sleep 3; md5sum", input=lines)
        assert done.stdout.split()[0] == hashlib.md5(lines.encode()).hexdigest()  # noqa: S324  # no secret


def test_files_that_a_command_writes_are_on_this_machine(machine, tmp_path):
    page = tmp_path / "page.html"
    machine.podnet("verify", "--save", str(page))

    assert '"vpcs"' in page.read_text()


def test_ctrl_c_reaches_the_command(machine):
    with subprocess.Popen(
        machine.argv("exec", "node-1", "--", "sleep", "600"), stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 120
        while "sleep 600" not in machine.inside("on-node", "node-1", "ps ax")["output"]:
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_another_kernel_is_refused_while_the_lab_is_up(machine):
    done = machine.run("up", "--kernel", "machine")

    assert done.returncode == 1
    assert "podnet down" in done.stderr


def test_each_of_its_processes_ends_with_the_lab_s_supervisor(machine):
    pid = int((machine.home.machine / "pid").read_text())
    children = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True
    ).stdout.split()

    assert len(children) == PARTS[machine.kernel]
    assert all(Path(f"/proc/{child}").exists() for child in children)
