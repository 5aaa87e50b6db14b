"""What a virtual machine is, whoever runs it: its kernel, memory, folders and ports."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

Part = subprocess.Popen[bytes]
"""A process of a machine."""
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
    """What decides its parts; names are those of files in the folder that it runs in."""

    kernel: Path
    initrd: str
    console: str
    hypervisor: Hypervisor
    megabytes: int
    processors: int
    folders: Mapping[Share, Path] = field(default_factory=dict)
    """The folders of this machine that it sees."""


def port_name(number: int) -> str:
    """The name of a port, on both sides."""
    return f"podnet.{number}"


def listening(name: str) -> socket.socket:
    """A socket of this name in the machine's folder, for processes that inherit it."""
    place = Path(f"{name}.sock")
    place.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(place))
    made.listen(1)
    return made
