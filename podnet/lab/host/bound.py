"""Programs that end with the thread that starts them, however it ends, and all that they start."""

from __future__ import annotations

import os

DIES = ("setpriv", "--pdeathsig", "KILL", "--")
"""The kernel kills what follows when its parent ends (prctl(2), PR_SET_PDEATHSIG)."""
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
"""The kernel kills all of a PID namespace with its first process (pid_namespaces(7)), and takes its
mounts away with a mount namespace (mount_namespaces(7)); `unshare` ends by SIGKILL alone."""


def bound(*argv: str) -> list[str]:
    """The command line of a program that is bound so; end it by SIGKILL.

    Without root there are no namespaces: the program dies, and what it started ends by itself.
    """
    return [*DIES, *(NAMESPACES if os.geteuid() == 0 else ()), *argv]
