"""What a virtual machine is, whoever runs it: its kernel, memory, folders and ports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PORTS = 12
"""How many commands can run in the machine at once."""


class Hypervisor(StrEnum):
    """Who runs the machine's instructions."""

    KVM = "kvm"
    TCG = "tcg"
    """qemu's emulation."""
    USER_MODE = "um"
    """This machine's processor, for a kernel that is a process."""


HOW = {
    Hypervisor.KVM: "in a virtual machine",
    Hypervisor.TCG: "in a virtual machine that is emulated",
    Hypervisor.USER_MODE: "in user mode",
}
"""How a kernel runs, in a sentence."""


class Share(StrEnum):
    """The folders of this machine that the other sees, by the tags that it mounts them by."""

    ROOT = "root"
    MODULES = "modules"
    CHECKOUT = "checkout"


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What decides a command line; paths are relative to the folder that it runs in."""

    kernel: Path
    initrd: str
    console: str
    hypervisor: Hypervisor
    megabytes: int
    processors: int


def port_name(number: int) -> str:
    """The name of a port, on both sides."""
    return f"podnet.{number}"
