"""An end for what may hang: a dead cloud or node must not stop a report about it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, get: Callable[[], T]) -> T:
    """What a call returns or raises; raises `TimeoutError` where it takes longer.

    The call then goes on in a thread that does not keep the program from ending.
    """
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(get())
        except BaseException as error:  # noqa: BLE001  # raised again below
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError(f"no answer in {seconds:.0f} s")
    return found[0]
