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

NAMESPACES = Path("/run/netns")
"""The directory in which `ip netns` keeps named namespaces (ip-netns(8))."""
OWN = Path("/proc/self/ns/net")
"""The namespace of this process."""
CLONE_NEWNET = 0x40000000


def inside(netns: Path, make: Callable[[], T]) -> T:
    """Call `make` in the network namespace and return what it returns.

    A socket stays in the namespace it was created in, whoever uses it later. Raises `OSError` where
    the namespace cannot be entered, and whatever `make` raises.
    """
    if netns == OWN:
        return make()  # to enter it again would take a capability that a pod does not have
    # A thread of its own, which ends here: one that came back only by a second setns could,
    # where that fails, go on in the wrong namespace.
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


def identity(netns: Path) -> int | None:
    """The inode of the namespace, a new one whenever it is created again; None if it is missing."""
    try:
        return netns.stat().st_ino
    except FileNotFoundError:
        return None


def file_limit() -> int:
    """The number of files this process may open, after raising its own limit to the maximum."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
