"""Making sockets inside a network namespace; they stay there while the process does not."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

NAMESPACES = Path("/run/netns")
CLONE_NEWNET = 0x40000000


def inside(namespace: str, make: Callable[[], T]) -> T:
    """What `make` returns when a thread inside the named namespace calls it."""
    results: list[T] = []
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            _enter(namespace)
            results.append(make())
        except BaseException as error:  # noqa: BLE001  # raised again below, in the caller
            errors.append(error)

    # A thread of its own, which ends here: no other code must ever run where it has gone.
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def identity(namespace: str) -> int | None:
    """A number that changes when the namespace is deleted and made anew; None without one."""
    try:
        return (NAMESPACES / namespace).stat().st_ino
    except FileNotFoundError:
        return None


def _enter(namespace: str) -> None:
    descriptor = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), namespace)
    finally:
        os.close(descriptor)
