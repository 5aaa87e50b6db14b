"""One engine a stack at a time: a lock that says who holds it and dies with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podnet.lab.engines.errors import StateLockedError
from podnet.system.waiting import wait_until

POLL = 0.05


@contextmanager
def locked(state: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of this state file, waiting at most `timeout` seconds for another holder."""
    path = state.with_name(f"{state.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is never removed: a second engine could then lock a file that has no name any more.
    with path.open("a+") as file:
        if not wait_until(lambda: _try(file.fileno()), timeout, POLL):
            file.seek(0)
            raise StateLockedError(
                f"stack state {state} is in use by process {file.read().strip() or 'unknown'}; "
                f"waited {timeout:g} s for it: let it finish, or end it",
                rule="stack-locked",
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
