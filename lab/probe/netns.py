"""Sockets in other network namespaces, and enough open files for many of them."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000


def inside(netns: Path, make: Callable[[], T]) -> T:
    """Call `make` in the network namespace and return what it returns.

    A socket stays in the namespace it was made in, whoever uses it later.
    """
    # A thread of its own, which ends here: one that came back only by a second setns could,
    # where that fails, go on in a foreign namespace.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_entered, netns, make).result()


def _entered(netns: Path, make: Callable[[], T]) -> T:
    descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(netns))
    finally:
        os.close(descriptor)
    return make()


def file_limit() -> int:
    """How many files this process may open, after raising its own limit as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
