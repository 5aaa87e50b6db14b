"""The command lines of the virtual machine and of those who serve folders to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

QEMU = Path("/usr/bin/qemu-system-x86_64")
VIRTIOFSD = Path("/usr/lib/qemu/virtiofsd")
PORTS = 12
"""How many commands can run in the machine at once."""
ARGUMENTS = "console=ttyS0 panic=-1 quiet no_timer_check"
"""A kernel that panics ends at once; under emulation and load the timer's check fails, and it would
panic (`no_timer_check` in Documentation/admin-guide/kernel-parameters.txt)."""


class Accelerator(StrEnum):
    """Who runs the machine's instructions."""

    KVM = "kvm"
    TCG = "tcg"


OPTIONS: Mapping[Accelerator, str] = {
    Accelerator.KVM: "kvm",
    Accelerator.TCG: "tcg,thread=multi,tb-size=1024",
}


class Share(StrEnum):
    """The folders of this machine that the other sees, by the tags that it mounts them by."""

    ROOT = "root"
    MODULES = "modules"
    CHECKOUT = "checkout"


CACHE: Mapping[Share, str] = {
    Share.ROOT: "always",
    Share.MODULES: "always",
    # An edit of the checkout shows after a second at most (fuse: timeouts of cache=auto).
    Share.CHECKOUT: "auto",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What decides a command line of qemu; paths are relative to the folder that it runs in."""

    kernel: Path
    initrd: str
    console: str
    accelerator: Accelerator
    megabytes: int
    processors: int

    def argv(self) -> list[str]:
        """The command line."""
        size = f"{self.megabytes}M"
        argv = [str(QEMU), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        argv += ["-machine", "q35,memory-backend=memory", "-cpu", "max"]
        argv += ["-accel", OPTIONS[self.accelerator], "-smp", str(self.processors), "-m", size]
        # Those who serve folders write into the machine's memory, so it is shared with them.
        argv += ["-object", f"memory-backend-memfd,id=memory,size={size},share=on"]
        argv += ["-kernel", str(self.kernel), "-initrd", self.initrd, "-append", ARGUMENTS]
        argv += ["-nic", "none", "-serial", f"file:{self.console}"]
        for share in Share:
            argv += ["-chardev", f"socket,id={share},path={share}.sock"]
            argv += ["-device", f"vhost-user-fs-pci,chardev={share},tag={share}"]
        argv += ["-device", f"virtio-serial-pci,max_ports={PORTS + 1}"]
        for port in range(PORTS):
            name = port_name(port)
            argv += ["-chardev", f"socket,id={name},path={name}.sock,server=on,wait=off"]
            argv += ["-device", f"virtserialport,chardev={name},name={name}"]
        return argv


def port_name(number: int) -> str:
    """The name of a port, on both sides."""
    return f"podnet.{number}"


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
