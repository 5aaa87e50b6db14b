"""What a command in an instance cannot do to the machine, whose kernel it shares.

Each attempt would change nothing if it went through: the clock is set to the time that it shows.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from podnet.lab.host.confinement import OF_PROCESS_1, OF_THE_MACHINE
from podnet.system.commands import CommandError
from tests.lab.pods.instances import Instance

pytestmark = pytest.mark.lab

REFUSED = ("Operation not permitted", "Read-only file system")
LACKING = ("Function not implemented", "No such device or address", "Directory nonexistent")
"""The same of a kernel that has no modules, no kexec, no /dev/mem or no magic keys."""
SYSTEM_CALL = (
    'python3 -c "import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True); '
    "done = c.syscall(dict(x86_64={}, aarch64={})[os.uname().machine], 0, 0, 0, 0); "
    'sys.exit(os.strerror(ctypes.get_errno()) if done else 0)"'
)
EVERYWHERE = {
    "clock": "date --set=@$(date +%s.%N)",
    "clock by a system call": 'python3 -c "import time; time.clock_settime(0, time.time())"',
    "kernel module": SYSTEM_CALL.format(175, 105),
    "kernel module of a file": SYSTEM_CALL.format(313, 273),
    "another kernel": SYSTEM_CALL.format(246, 104),
    "disk": "rm -f /root/disk; mknod /root/disk b 259 0",
    "disk by a system call": (
        "python3 -c \"import os, stat; os.mknod('/root/sda', stat.S_IFBLK | 0o600, 2048)\""
    ),
    "memory": "rm -f /root/memory; mknod /root/memory c 1 1 && head -c 1 /root/memory",
    "kernel log": "dmesg --console-level 7",
    "magic keys": "exec 3>/proc/sysrq-trigger",
    "kernel setting": "cat /proc/sys/kernel/panic >/proc/sys/kernel/panic",
}
FROM_OUTSIDE = {
    "restart": "reboot --force --force",
    "device": "rm -f /root/null; mknod /root/null c 1 3",
}
SERVICE = ("systemd-run", "--pipe", "--wait", "--quiet", "--collect")


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "with a kubelet"])
def node(request, tmp_path_factory):
    with ExitStack() as files:
        yield Instance(tmp_path_factory.mktemp("i"), files, kubelet=request.param).boot()


def not_refused(attempts, node, *prefix):
    """The attempts that went through, or failed for another reason than a refusal, with it."""
    found = {}
    for name, command in attempts.items():
        try:
            node.run(*prefix, "sh", "-c", f"LC_ALL=C; {command}")
        except CommandError as error:
            if not any(each in error.output for each in (*REFUSED, *LACKING)):
                found[name] = error.output
        else:
            found[name] = "went through"
    return found


def capabilities(node, *prefix):
    shown = node.run(*prefix, "setpriv", "--dump")
    return set(shown.partition("Capability bounding set: ")[2].split("\n")[0].split(","))


def test_a_command_from_outside_reaches_nothing_of_the_machine(node):
    kept = capabilities(node)

    assert not_refused(EVERYWHERE | FROM_OUTSIDE, node) == {}
    assert node.run("systemctl", "is-system-running") == "running\n"
    assert kept & {*OF_THE_MACHINE, *OF_PROCESS_1} == set()
    assert {"net_admin", "sys_admin", "sys_ptrace"} <= kept


def test_a_service_of_the_instance_reaches_nothing_of_the_machine(node):
    assert not_refused(EVERYWHERE, node, *SERVICE) == {}
    assert capabilities(node, *SERVICE) & set(OF_THE_MACHINE) == set()


def test_a_container_runtime_has_what_it_needs(node):
    node.run(*SERVICE, "sh", "-c", "mknod /root/zero c 1 5 && head -c 1 /root/zero; mkfifo /root/f")

    assert node.run("stat", "--format=%F", "/root/zero", "/root/f").splitlines() == [
        "character special file",
        "fifo",
    ]
    assert {"mknod", "sys_boot"} <= capabilities(node, *SERVICE)
