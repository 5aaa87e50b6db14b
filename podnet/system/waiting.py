"""Waiting for a condition that nothing announces."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(ask: Callable[[], T], seconds: float, poll: float = 0.2) -> T:
    """Call `ask` every `poll` seconds until it returns something true, or `seconds` have passed.

    Returns its last answer either way. It is called at least once.
    """
    limit = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < limit:
        time.sleep(poll)
    return answer
