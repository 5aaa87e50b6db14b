"""Processes that outlive the command that starts them."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Sequence
from pathlib import Path

from podnet.lab.home import PROJECT


def start(argv: Sequence[str], log: Path) -> int:
    """Start a process that writes into a log; returns a pipe's end that closes when it ends."""
    reader, writer = os.pipe()
    with log.open("w") as output:
        # Forked, it is no child of this process, which need not reap it.
        subprocess.run(
            ["setsid", "--fork", *argv],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writer],
            check=True,
        )
    os.close(writer)
    return reader


def ends_within(life: int, seconds: float) -> bool:
    """Whether a process, by its pipe's end or its pidfd, has ended or does within these seconds."""
    return bool(select.select([life], [], [], seconds)[0])


def tail(log: Path, lines: int) -> str:
    """The last lines of a log, in words where there are none."""
    if not log.exists():
        return "(nothing)"
    text = log.read_text(errors="replace").replace("\r", "")
    return "\n".join(text.splitlines()[-lines:]) or "(nothing)"
