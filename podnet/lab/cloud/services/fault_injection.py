"""The faults of the instance metadata services of a lab, set while these run."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from podnet.lab.cloud.api.fault_injection.faults import ALWAYS, Kind, Settings


class MetadataFaults:
    """Counts the requests of all instances; none is struck before `change` names a fault."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self.change(Settings())

    def change(self, settings: Settings) -> None:
        """Treat requests by these settings from now on, and count from zero."""
        with self._lock:
            self._requests = 0
            self._random = random.Random(settings.seed)  # noqa: S311  # a draw that can be repeated
            self._errors = [
                each.when for each in settings.faults if each.kind is Kind.METADATA_ERROR
            ]
            self._seconds = max(
                (float(each.when) for each in settings.faults if each.kind is Kind.METADATA_SLOW),
                default=0.0,
            )

    def strike(self) -> bool:
        """Wait as long as an answer takes; whether this request ends with 500."""
        with self._lock:
            self._requests += 1
            turns = [self._is_turn(when) for when in self._errors]
            seconds = self._seconds
        if seconds:
            self._sleep(seconds)
        return any(turns)

    def _is_turn(self, when: str) -> bool:
        if when.endswith("%"):
            return self._random.random() * 100 < int(when.removesuffix("%"))
        return when == ALWAYS or self._requests % int(when) == 0
