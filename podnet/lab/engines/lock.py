"""One engine a stack at a time: a lock that says who holds it and dies with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from podnet.lab.engines.errors import EngineError, StateLockedError
from podnet.system.waiting import wait_until

POLL = 0.05


@contextmanager
def locked(state: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of this state file, waiting at most `timeout` seconds for another holder."""
    path = state.with_name(f"{state.name}.lock")
    # The file is never removed: a second engine could then lock a file that has no name any more.
    descriptor = _opened(path)
    try:
        if not wait_until(lambda: _try(descriptor), timeout, POLL):
            raise StateLockedError(
                f"stack state {state} is in use by process {holder(path)}; "
                f"waited {timeout:g} s for it: let it finish, or end it",
                rule="stack-locked",
            )
        _sign(descriptor, str(os.getpid()))
        yield
        _sign(descriptor, "")
    finally:
        os.close(descriptor)


def holder(path: Path) -> str:
    """The process that holds the lock of this file, as far as it could sign."""
    return path.read_text().strip() or "unknown"


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written ({error.strerror}), and without this lock two commands "
            f"could change the same things; nothing was changed. Make {path.parent} writable, or "
            f"make room on its disk, and run the command again",
            rule="lock-unwritable",
        ) from error


def _sign(descriptor: int, text: str) -> None:
    # The lock holds without a signature, which a full disk has no room for.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
