"""A kernel in user mode: a process that sees this machine's files itself.

Options are those of arch/um and of Documentation/virt/uml/user_mode_linux_howto_v2.rst, Linux 6.1.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from podnet.lab.machine.hypervisors.machine import PORTS, Machine, Part, listening, port_name

MEMORY = Path("/dev/shm")  # noqa: S108  # it has no name there
"""Where the kernel keeps the file that is its memory."""
ENVIRONMENT = {"TMPDIR": str(MEMORY)}


def start(machine: Machine) -> list[Part]:
    """The processes of a machine: the kernel, whose ports are serial lines, and their relay."""
    with ExitStack() as held:
        ports = [held.enter_context(listening(port_name(number))) for number in range(PORTS)]
        lines = [socket.socketpair() for _ in range(PORTS)]
        for end in itertools.chain(*lines):
            held.enter_context(end)
        sockets = [port.fileno() for port in ports]
        ours = [end.fileno() for end, _ in lines]
        theirs = [end.fileno() for _, end in lines]
        relay = subprocess.Popen(
            relay_argv(sockets, ours), stdin=subprocess.DEVNULL, pass_fds=[*sockets, *ours]
        )
        with Path(machine.console).open("ab") as console:
            kernel = subprocess.Popen(
                argv(machine, theirs),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                pass_fds=theirs,
                env={**os.environ, **ENVIRONMENT},
            )
    return [relay, kernel]


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
