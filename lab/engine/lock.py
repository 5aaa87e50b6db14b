"""One engine a stack at a time: a lock that says who holds it and dies with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.engine.errors import StateLocked

POLL = 0.05


@contextmanager
def locked(state: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of this state file, waiting at most `timeout` seconds for another holder."""
    path = state.with_name(f"{state.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is never removed: a second engine could then lock a file that has no name any more.
    with path.open("a+") as file:
        deadline = time.monotonic() + timeout
        while not _try(file.fileno()):
            if time.monotonic() >= deadline:
                file.seek(0)
                raise StateLocked(
                    f"stack state {state} is in use by process {file.read().strip() or 'unknown'}; "
                    f"waited {timeout:g} s for it: let it finish, or end it"
                )
            time.sleep(POLL)
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
