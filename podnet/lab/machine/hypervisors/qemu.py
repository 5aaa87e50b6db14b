"""A virtual machine of qemu's, and those who serve folders to it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from podnet.lab.machine.hypervisors.machine import (
    PORTS,
    Hypervisor,
    Machine,
    Part,
    Share,
    listening,
    port_name,
)

QEMU = Path("/usr/bin/qemu-system-x86_64")
VIRTIOFSD = Path("/usr/lib/qemu/virtiofsd")
ARGUMENTS = "console=ttyS0 panic=-1 quiet no_timer_check"
"""A kernel that panics ends at once; under emulation and load the timer's check fails, and it would
panic (`no_timer_check` in Documentation/admin-guide/kernel-parameters.txt)."""


OPTIONS: Mapping[Hypervisor, str] = {
    Hypervisor.KVM: "kvm",
    Hypervisor.TCG: "tcg,thread=multi,tb-size=1024",
}


CACHE: Mapping[Share, str] = {
    Share.ROOT: "always",
    Share.MODULES: "always",
    # An edit of the checkout shows after a second at most (fuse: timeouts of cache=auto).
    Share.CHECKOUT: "auto",
}


def start(machine: Machine) -> list[Part]:
    """The processes of a machine: one that serves each folder, and qemu."""
    parts = [_serve(share, source) for share, source in machine.folders.items()]
    return [*parts, subprocess.Popen(argv(machine), stdin=subprocess.DEVNULL)]


def _serve(share: Share, source: Path) -> Part:
    with listening(str(share)) as held:
        number = held.fileno()
        return subprocess.Popen(
            share_argv(share, source, number), stdin=subprocess.DEVNULL, pass_fds=[number]
        )


def argv(machine: Machine) -> list[str]:
    """The command line of a machine whose folders are served by sockets of their names."""
    size = f"{machine.megabytes}M"
    words = [str(QEMU), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    words += ["-machine", "q35,memory-backend=memory", "-cpu", "max"]
    words += ["-accel", OPTIONS[machine.hypervisor], "-smp", str(machine.processors), "-m", size]
    # Those who serve folders write into the machine's memory, so it is shared with them.
    words += ["-object", f"memory-backend-memfd,id=memory,size={size},share=on"]
    words += ["-kernel", str(machine.kernel), "-initrd", machine.initrd, "-append", ARGUMENTS]
    words += ["-nic", "none", "-serial", f"file:{machine.console}"]
    for share in Share:
        words += ["-chardev", f"socket,id={share},path={share}.sock"]
        words += ["-device", f"vhost-user-fs-pci,chardev={share},tag={share}"]
    words += ["-device", f"virtio-serial-pci,max_ports={PORTS + 1}"]
    for port in range(PORTS):
        name = port_name(port)
        words += ["-chardev", f"socket,id={name},path={name}.sock,server=on,wait=off"]
        words += ["-device", f"virtserialport,chardev={name},name={name}"]
    return words


def share_argv(share: Share, source: Path, socket: int) -> list[str]:
    """The command line of who serves a folder by a listening socket, which it inherits."""
    # It may open as many files as who starts it: to raise that takes a right that root can lack. It
    # keeps one open for each file that the machine knows, so listing a folder makes none known.
    return [
        str(VIRTIOFSD),
        f"--fd={socket}",
        "--rlimit-nofile=0",
        "-o",
        f"source={_quoted(source)},cache={CACHE[share]},no_readdirplus,sandbox=chroot,log_level=warn",
    ]


def _quoted(path: Path) -> str:
    """A path in a list of options of FUSE, where a comma ends an option (mount.fuse(8))."""
    return str(path).replace("\\", "\\\\").replace(",", "\\,")
