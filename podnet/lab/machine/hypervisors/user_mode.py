"""The command line of a kernel in user mode.

Options are those of arch/um and of Documentation/virt/uml/user_mode_linux_howto_v2.rst, Linux 6.1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from podnet.lab.machine.hypervisors.machine import Machine

MEMORY = Path("/dev/shm")  # noqa: S108  # it has no name there
"""Where the kernel keeps the file that is its memory."""
ENVIRONMENT = {"TMPDIR": str(MEMORY)}


def argv(machine: Machine, lines: Sequence[int]) -> list[str]:
    """The command line; `lines` are inherited sockets, one for each serial line.

    It has one processor, whatever this machine has: its architecture has no more.
    """
    words = [str(machine.kernel), f"mem={machine.megabytes}M", f"initrd={machine.initrd}"]
    words += ["quiet", "panic=-1", "uml_dir=./", "umid=machine"]
    words += ["con=null", "ssl=null", "con0=null,fd:1"]
    return [*words, *(f"ssl{number}=fd:{line}" for number, line in enumerate(lines))]


def relay_argv(listening: Sequence[int], lines: Sequence[int]) -> list[str]:
    """The command line of who carries between the ports' sockets and the serial lines."""
    numbers = [f"{port}:{line}" for port, line in zip(listening, lines, strict=True)]
    return [sys.executable, "-m", "podnet.lab.machine.channel.relay", *numbers]
